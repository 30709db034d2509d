import { z } from 'zod';
import { nextTurn, turnIsOver } from './turns.ts';

/** Schemas are taken apart down to this depth, as JSON is (`json-in-parts.ts`). */
const DEPTH = 4;
const FAULT = Symbol('fault');

/**
 * `schema.parse(value)`, element by element where the schema has arrays and records: a step's completions take seconds,
 * in which the process must send heartbeats.
 * @throws z.ZodError.
 */
export async function parseInParts<S extends z.ZodType>(schema: S, value: unknown): Promise<z.infer<S>> {
  const parsed = await partsOf(schema, value, DEPTH);
  // The whole names the place of a fault.
  return parsed === FAULT ? schema.parse(value) : (parsed as z.infer<S>);
}

async function partsOf(schema: z.ZodType, value: unknown, depth: number): Promise<unknown> {
  if (turnIsOver()) await nextTurn();
  if (depth === 0 || typeof value !== 'object' || value === null) return atOnce(schema, value);
  if (isPlainArray(schema) && Array.isArray(value)) {
    const { element } = schema;
    const parsed: unknown[] = [];
    for (const each of value) {
      const one = await partsOf(element as z.ZodType, each, depth - 1);
      if (one === FAULT) return FAULT;
      parsed.push(one);
    }
    return parsed;
  }
  return fieldsOf(schema, value as Record<string, unknown>, depth);
}

/** Fields whose values are arrays or records are parsed on their own, and stand empty while the rest is. */
async function fieldsOf(schema: z.ZodType, value: Record<string, unknown>, depth: number): Promise<unknown> {
  const fields = Object.keys(value).flatMap((name): [string, z.ZodType, object][] => {
    const field = fieldOf(schema, name);
    if (field && isPlainArray(field) && Array.isArray(value[name])) return [[name, field, []]];
    if (field && isPlainRecord(field) && isObject(value[name])) return [[name, field, {}]];
    return [];
  });
  const hollow = Object.fromEntries(fields.map(([name, , empty]) => [name, empty]));
  const parsed = atOnce(schema, fields.length === 0 ? value : { ...value, ...hollow });
  if (parsed === FAULT) return FAULT;
  for (const [name, field] of fields) {
    const one = await partsOf(field, value[name], depth - 1);
    if (one === FAULT) return FAULT;
    (parsed as Record<string, unknown>)[name] = one;
  }
  return parsed;
}

function fieldOf(schema: z.ZodType, name: string): z.ZodType | undefined {
  if (schema instanceof z.ZodObject && hasNoChecks(schema) && Object.hasOwn(schema.shape, name))
    return schema.shape[name] as z.ZodType;
  return isPlainRecord(schema) && name !== '__proto__' ? (schema.valueType as z.ZodType) : undefined;
}

function atOnce(schema: z.ZodType, value: unknown): unknown {
  const { success, data } = schema.safeParse(value);
  return success ? data : FAULT;
}

function isPlainArray(schema: z.ZodType): schema is z.ZodArray {
  return schema instanceof z.ZodArray && hasNoChecks(schema);
}

/** Names of a record may have checks, but none must be there. */
function isPlainRecord(schema: z.ZodType): schema is z.ZodRecord {
  return schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodString && hasNoChecks(schema);
}

function hasNoChecks({ def: { checks = [] } }: z.ZodType): boolean {
  return checks.length === 0;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
