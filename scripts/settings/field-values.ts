import type { z } from 'zod';

/** A field as JSON Schema has it. */
export type Schema = z.core.JSONSchema.JSONSchema & { properties?: Record<string, Schema> };

/** What a field may be, in words: `integer, from 1 to 64`. */
export function valuesOf(schema: Schema): string {
  const members = schema.oneOf ?? schema.anyOf;
  if (members) return [...new Set(members.map((member) => valuesOf(member as Schema)))].join(', or ');
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.$ref) return 'any JSON';
  if (Array.isArray(schema.type)) return valuesOf({ anyOf: schema.type.map((type) => ({ type })) });
  switch (schema.type) {
    case 'boolean':
      return '`true`, `false`';
    case 'integer':
    case 'number':
      if (schema.const !== undefined) return code(String(schema.const));
      return [schema.type, ...rangeOf(schema)].join(', ');
    case 'array':
      return listOf(schema);
    case 'object':
      return typeof schema.additionalProperties === 'object'
        ? `by name: ${valuesOf(schema.additionalProperties as Schema)}`
        : ['section', ...(literals(schema) ? [code(literals(schema))] : [])].join(', ');
    case 'string':
      if (schema.format === 'uri') return 'URL';
      return schema.pattern ? `text, ${code(schema.pattern)}` : 'text';
    default:
      throw new Error(`no words for the values of ${JSON.stringify(schema)}`);
  }
}

/** The default of a field, as text; empty where the default is an empty section. */
export function defaultOf({ default: value }: Schema): string {
  if (value === undefined) return 'none';
  if (typeof value === 'object' && !Array.isArray(value)) return fieldsText(value) && code(fieldsText(value));
  return code(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The fields of a section that have one value only, and so say which kind it is: `kind: llm, provider: openai`. */
export function literals(schema: Schema): string {
  return fieldsText(literalsOf(schema));
}

export function literalsOf({ properties = {} }: Schema): Record<string, string> {
  const known = Object.entries(properties).filter(([, { const: value }]) => value !== undefined);
  return Object.fromEntries(known.map(([name, { const: value }]) => [name, String(value)]));
}

export function code(text: string): string {
  return `\`${text}\``;
}

function fieldsText(value: object | null): string {
  return Object.entries(value ?? {})
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}

function listOf({ prefixItems, items }: Schema): string {
  if (!prefixItems) return `list, each: ${valuesOf(items as Schema)}`;
  const each = new Set(prefixItems.map((item) => valuesOf(item as Schema)));
  return `list of ${prefixItems.length}, each: ${[...each].join('; ')}`;
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: Schema): string[] {
  const [from, to] = [minimum, maximum].map((bound) => (isBound(bound) ? bound : undefined));
  return [
    ...(from !== undefined ? [to === undefined ? `from ${from}` : `from ${from} to ${to}`] : []),
    ...(isBound(exclusiveMinimum) ? [`above ${exclusiveMinimum}`] : []),
    ...(from === undefined && to !== undefined ? [`at most ${to}`] : []),
    ...(isBound(exclusiveMaximum) ? [`below ${exclusiveMaximum}`] : []),
    ...(multipleOf !== undefined ? [`multiple of ${multipleOf}`] : []),
  ];
}

/** Zod bounds every integer by what a double can count. */
function isBound(bound: unknown): bound is number {
  return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}
