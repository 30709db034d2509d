import { z } from 'zod';
import { ExperimentFields } from '../../configs/schema.ts';
import type { SettingsGroup } from '../../configs/settings-list.ts';
import { type CommentedType, withComments } from './field-comments.ts';
import { code, defaultOf, literals, literalsOf, type Schema, valuesOf } from './field-values.ts';

type Row = SettingsGroup['rows'][number];

const HEAD = `# Settings
Every field of an experiment file, written by \`npm run settings\` from the schema in
[configs/schema.ts](../configs/schema.ts) and the comments above its fields. An empty file is a whole experiment: only
fields marked **required** have no default, and only where a config has their section. For one run, set a field with
\`--set algorithm.steps=100\`. Some defaults follow from the data: [reference-metrics.md](reference-metrics.md).

More about [algorithms](algorithms.md), [prompts and sampling](sampling.md), [judges](judge.md), [rewards of one's
own](extending/own-reward.md), and the [names of other trainers](coming-from.md).
`;

/** `docs/settings.md`. */
export function settingsPage(groups = settingsGroups()): string {
  return `${HEAD}\n${groups.map(tableOf).join('\n')}`;
}

/** `configs/settings.json`, from which `videocap configs` prints. */
export function settingsFile(groups = settingsGroups()): string {
  return `${JSON.stringify(groups, null, 1)}\n`;
}

/** Every setting, by section and kind, from the schema and the comments above its fields. */
export function settingsGroups(): SettingsGroup[] {
  const groups = withComments('configs/schema.ts', 'ExperimentConfig', (type) => {
    const sections = schemaOfFields().properties!;
    const top: SettingsGroup = { title: 'The experiment', rows: [] };
    const groups = [top];
    for (const [name, schema] of Object.entries(sections)) {
      const field = type.field(name);
      if (kindsOf(schema).length === 0) top.rows.push(rowOf(name, schema, field.comment, false));
      else groups.push(...groupsOf(name, schema, field, sections));
    }
    return groups;
  });
  const silent = groups.flatMap(({ title, meaning, rows }) => [
    ...(meaning === '' ? [title] : []),
    ...rows.filter((row) => row.meaning === '').map(({ key }) => `${title} ${key}`),
  ]);
  if (silent.length > 0)
    throw new Error(`write a comment above each of these fields of the schema: ${silent.join('; ')}`);
  return groups;
}

function schemaOfFields(): Schema {
  return z.toJSONSchema(ExperimentFields, { io: 'input', unrepresentable: 'any' }) as Schema;
}

type Field = ReturnType<CommentedType['field']>;

/** A section's table; or, where it comes in kinds, one a kind. Sections in it that come in kinds follow. */
function groupsOf(
  path: string,
  schema: Schema,
  { comment, type }: Field,
  sections: Record<string, Schema>,
): SettingsGroup[] {
  const kinds = kindsOf(schema);
  const nested: SettingsGroup[] = [];
  const groups = kinds.map((kind): SettingsGroup => {
    const ofKind = type.kind(literalsOf(kind.schema));
    const rows = rowsOf('', kind.schema, ofKind, (key, field, schema) => {
      const same = Object.keys(sections).find((name) => sameKinds(sections[name]!, schema));
      if (!same) nested.push(...groupsOf(`${path}.${key}`, schema, field, sections));
      return same ? `section, as ${code(same)}` : 'section, see below';
    });
    if (kinds.length === 1) return { title: code(path), meaning: comment, rows };
    return { title: `${code(path)}, ${code(literals(kind.schema))}`, meaning: ofKind.field('kind').comment, rows };
  });
  if (kinds.length === 1) return [...groups, ...nested];
  const byDefault = schema.default === undefined ? '' : ` Default: ${defaultOf(schema)}.`;
  return [{ title: code(path), meaning: comment && `${comment}${byDefault}`, rows: [] }, ...groups, ...nested];
}

/** One row a field, with the fields of sections in it below. `inKinds` says what a field that comes in kinds may be. */
function rowsOf(
  prefix: string,
  schema: Schema,
  type: CommentedType,
  inKinds: (key: string, field: Field, schema: Schema) => string,
): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (property.const !== undefined) return [];
    const key = `${prefix}${name}`;
    const field = type.field(name);
    const row = rowOf(key, property, field.comment, schema.required?.includes(name) ?? false);
    const kinds = kindsOf(property);
    if (kinds.length > 1) return [{ ...row, values: inKinds(`${key}${kinds[0]!.suffix}`, field, property) }];
    return [row, ...kinds.flatMap((kind) => rowsOf(`${key}${kind.suffix}.`, kind.schema, field.type, inKinds))];
  });
}

function rowOf(key: string, schema: Schema, meaning: string, required: boolean): Row {
  return { key, meaning, values: valuesOf(schema), fallback: required ? '**required**' : defaultOf(schema) };
}

/** The object schemas behind unions, lists and records, and what stands between a field's name and theirs. */
function kindsOf(schema: Schema, suffix = ''): { schema: Schema; suffix: string }[] {
  const members = schema.oneOf ?? schema.anyOf;
  if (members) return members.flatMap((member) => kindsOf(member as Schema, suffix));
  if (schema.properties) return [{ schema, suffix }];
  if (schema.type === 'array' && schema.items) return kindsOf(schema.items as Schema, `${suffix}[]`);
  if (typeof schema.additionalProperties === 'object')
    return kindsOf(schema.additionalProperties as Schema, `${suffix}.NAME`);
  return [];
}

function sameKinds(a: Schema, b: Schema): boolean {
  return JSON.stringify(kindsOf(a)) === JSON.stringify(kindsOf(b));
}

function tableOf({ title, meaning, rows }: SettingsGroup): string {
  const lines = [`## ${title}`, ...(meaning ? [meaning] : [])];
  if (rows.length > 0) {
    lines.push('', '| key | meaning | values | default |', '|---|---|---|---|');
    for (const { key, meaning, values, fallback } of rows)
      lines.push(`| ${[code(key), meaning, values, fallback].map(cell).join(' | ')} |`);
  }
  return `${lines.join('\n')}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
