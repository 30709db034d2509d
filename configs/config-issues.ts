import { type Document, isPair, type LineCounter, type Node, visit } from 'yaml';
import type { core, z } from 'zod';
import { clipped } from '../core/clipped.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { FOREIGN_FIELDS } from './foreign-fields.ts';
import { fieldsOf, homesOf } from './known-fields.ts';
import { RENAMED_FIELDS, RENAMED_VALUES } from './renamed-fields.ts';

/** Where a config's values came from, so that an issue can point there. */
export interface Source {
  document: Document;
  lines: LineCounter;
  /** How to name the file. */
  file: string;
  /** Of the whole file. */
  schema: z.ZodType;
  overrides: Readonly<Record<string, unknown>>;
}

type Path = readonly PropertyKey[];

/** Sentences; a file that is not a config at all has thousands of wrong keys. */
const MAX_ISSUES = 20;
/** Characters. */
const MAX_SHOWN = 120;

/** One sentence an issue: where, which field, which value, what to set instead. */
export function describeIssues(issues: readonly core.$ZodIssue[], raw: unknown, source: Source): string[] {
  const faults = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => () => unknownField([...issue.path, key], raw, source))
      : [() => wrongValue(issue, raw, source)],
  );
  const shown = faults.slice(0, MAX_ISSUES).map((describe) => describe());
  const more = faults.length - shown.length;
  return more > 0
    ? [...shown, `${source.file}: ${more} more ${more === 1 ? 'value is' : 'values are'} wrong; correct these first.`]
    : shown;
}

/** Fields that a person might have put a secret into. */
const SECRET = /key|secret|password|credential|headers|query/i;

const HIDDEN = '(not shown: it may be a secret)';

/**
 * A value for use in a sentence: shortened where it is long, and without what may be a secret, since sentences end up
 * in logs and histories.
 * @param field the value's dotted name, or a part of it.
 */
export function shownValue(value: unknown, field = ''): string {
  const maySecret = (name: string, inner: unknown) =>
    SECRET.test(name) && (typeof inner === 'string' || (typeof inner === 'object' && inner !== null));
  if (maySecret(field, value)) return HIDDEN;
  const hiding = (name: string, inner: unknown) => (maySecret(name, inner) ? HIDDEN : inner);
  const plain = typeof value === 'number' ? String(value) : (JSON.stringify(value, hiding) ?? String(value));
  const text = plain.replaceAll(/(:\/\/)[^/\s"@]+@/g, '$1***@').replaceAll(/(:\/\/[^\s"?]+\?)[^\s"]+/g, '$1***');
  return clipped(text, MAX_SHOWN);
}

/** What a file holds that is no config. Its text stays out of messages: it may be any file of the worker's machine. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'string' ? 'a text' : `a ${typeof value}`;
}

function unknownField(path: Path, raw: unknown, source: Source): string {
  const parent = path.slice(0, -1);
  const name = String(path.at(-1));
  const renamed = oldForm(path, source);
  if (renamed !== undefined) return renamed;
  const known = fieldsOf(source.schema, parent, raw);
  const homes = homesOf(source.schema, name).filter((home) => home !== dotted(path));
  const suggestion = ofOtherTrainer(name) ?? (didYouMean(name, known) || meant(homes));
  const { kind } = (valueAt(raw, parent) ?? {}) as { kind?: unknown };
  const section =
    parent.length === 0
      ? 'Sections'
      : `Fields of ${dotted(parent)}${typeof kind === 'string' ? ` of kind ${kind}` : ''}`;
  const chosen = `${dotted(parent)}.kind`;
  const other =
    typeof kind === 'string' && Object.hasOwn(source.overrides, chosen)
      ? ` To change the kind, set the whole section: --set '${dotted(parent)}={kind: ${kind}}'.`
      : '';
  return (
    `${place(path, source)}: ${dotted(path)} is not a known field${suggestion}. ${section}: ` +
    `${known.join(', ')}.${other}`
  );
}

function wrongValue(issue: core.$ZodIssue, raw: unknown, source: Source): string {
  const renamed = issue.code === 'invalid_type' ? oldForm(issue.path, source) : undefined;
  if (renamed !== undefined) return renamed;
  const value = valueAt(raw, issue.path);
  const is = value === undefined ? 'is missing' : `is ${shownValue(value, secretName(issue.path))}`;
  return `${place(issue.path, source)}: ${dotted(issue.path) || 'the config'} ${is}; ${remedy(issue, value)}.`;
}

/** By its own name, or by that of the section: the fields of `judge.headers` have any name. */
function secretName(path: Path): string {
  return path.map(String).find((name) => SECRET.test(name)) ?? '';
}

/** `(did you mean "a" or "b"?)`, or nothing. */
function meant(keys: readonly string[]): string {
  return keys.length > 0 ? ` (did you mean ${keys.map((key) => `"${key}"`).join(' or ')}?)` : '';
}

/** What another trainer's name for a field is here. */
function ofOtherTrainer(name: string): string | undefined {
  const own = name.toLowerCase();
  if (!Object.hasOwn(FOREIGN_FIELDS, own)) return undefined;
  return ` (here ${FOREIGN_FIELDS[own]!.map((key) => `"${key}"`).join(' and ')}; docs/coming-from.md compares them)`;
}

/** The sentence for a field that configs had in another form, if this is one. */
function oldForm(path: Path, source: Source): string | undefined {
  const instead = Object.hasOwn(RENAMED_FIELDS, dotted(path)) ? RENAMED_FIELDS[dotted(path)] : undefined;
  return instead && `${place(path, source)}: ${dotted(path)} has another form now; ${instead}.`;
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], raw);
}

function remedy(issue: core.$ZodIssue, value: unknown): string {
  const renamed = typeof value === 'string' ? RENAMED_VALUES[`${dotted(issue.path)}=${value}`] : undefined;
  if (renamed !== undefined) return renamed;
  switch (issue.code) {
    case 'invalid_value':
      return oneOf(issue.values, value);
    case 'invalid_union':
      return 'options' in issue ? oneOf(issue.options as unknown[], value) : issue.message;
    case 'invalid_type':
      return `set ${TYPES[issue.expected] ?? `a value of type ${issue.expected}`}`;
    case 'too_small':
      return bounded(issue.origin, issue.inclusive ? 'at least' : 'more than', issue.minimum);
    case 'too_big':
      return bounded(issue.origin, issue.inclusive ? 'at most' : 'less than', issue.maximum);
    case 'invalid_key':
      return issue.issues
        .map((inner) => `its name cannot be used: ${remedy(inner as core.$ZodIssue, undefined)}`)
        .join('; ');
    case 'not_multiple_of':
      return `set a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? `set a text that matches ${issue.pattern ?? issue.format}`;
    default:
      return issue.message;
  }
}

const TYPES: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a section with fields, or leave it out for the defaults',
  tuple: 'a list',
  array: 'a list',
};

const FORMATS: Record<string, string> = { url: 'set a URL such as "https://host/v1"' };

function bounded(origin: string, comparison: string, bound: number | bigint): string {
  if (origin === 'string')
    return bound === 1 ? 'set a text that is not empty' : `set ${comparison} ${bound} characters`;
  if (origin === 'array') return `set a list with ${comparison} ${bound} ${bound === 1 ? 'item' : 'items'}`;
  return `set a number ${comparison.startsWith('at') ? 'of ' : ''}${comparison} ${bound}`;
}

function oneOf(options: readonly unknown[], value: unknown): string {
  const known = options.filter((option) => option !== undefined).map(String);
  const meant = typeof value === 'string' ? didYouMean(value, known) : '';
  return `set one of ${known.join(', ')}${meant}`;
}

function dotted(path: Path): string {
  const shown = (name: string) => (/\p{Control}/u.test(name) ? JSON.stringify(name) : name);
  return path.map((name) => (typeof name === 'number' ? `[${name}]` : shown(String(name)))).reduce(joined, '');
}

function joined(before: string, name: string): string {
  return before === '' || name.startsWith('[') ? before + name : `${before}.${name}`;
}

/**
 * `override key=value` where an override set it, else `file:line:column` of the closest thing the file says about it.
 */
function place(path: Path, { document, lines, file, overrides }: Source): string {
  const key = dotted(path);
  const override = Object.keys(overrides).find(
    (name) => key === name || key.startsWith(`${name}.`) || key.startsWith(`${name}[`) || name.startsWith(`${key}.`),
  );
  if (override !== undefined) return `override ${override}=${shownValue(overrides[override], override)}`;
  const offset = offsetOf(document, path);
  if (offset === undefined) return file;
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}`;
}

/** The offset of a path's key in the file, or of the longest part of the path that the file has. */
function offsetOf(document: Document, path: Path): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const part = path.slice(0, length);
    const last = part.at(-1);
    const parent = length === 1 ? document.contents : (document.getIn(part.slice(0, -1), true) as Node | undefined);
    let offset: number | undefined;
    if (parent && typeof last === 'string')
      visit(parent, {
        Pair(_, pair) {
          const named = (pair.key as { value?: unknown; range?: [number, number, number] } | null) ?? undefined;
          if (named?.value === last && isPair(pair)) {
            offset = named.range?.[0];
            return visit.BREAK;
          }
          return visit.SKIP;
        },
      });
    else if (typeof last === 'number') offset = (document.getIn(part, true) as Node | undefined)?.range?.[0];
    if (offset !== undefined) return offset;
  }
  return undefined;
}
