import { z } from 'zod';
import { bareName, fieldsOf, inShape, isObject, keysFor } from './lenient-shape.ts';

/** Words in the names of values that comment on a field instead of replacing it. */
const NOTES = new RegExp(
  '^(?:reason\\w*|expla\\w*|rational\\w*|justif\\w*|notes?|comments?|confiden\\w*|evidence|index|indices|ids?|number|' +
    'counts?|total|max|maximum|min|minimum|scale|weight|letter|type|schema)$',
);
/** Words in names that mark a correction, or an answer that does not count. */
const CHANGES = new RegExp(
  '^(?:final|corrected|corrections?|revis(?:ed|ions?)|updated?|actual|real|true|new|better|best|old|original|draft|' +
    'first|second|prev|previous|prior|alt|alternatives?|initial|other|instead|changed)$',
);
/** Names under which a model says that it gives no answer. */
const REFUSALS = /^(?:errors?|refusals?|refused|apolog(?:y|ies)|failures?)$/;

/**
 * Whether an object holds, besides the requested fields, something else that could be the answer: a field by two names,
 * such as `verdicts` and `corrected_verdicts`, a second answer within the object, or an error. The code does not guess
 * which of them the model means.
 */
export function holdsSecondAnswer(value: unknown, shape: z.ZodType): boolean {
  const fields = fieldsOf(shape);
  if (Array.isArray(value)) {
    // A list in place of an object is its only field, or a list around it.
    const elements = [shape, ...Object.values(fields ?? {})].map((one) =>
      one instanceof z.ZodArray ? (one.element as z.ZodType) : one,
    );
    return value.some((item) => elements.some((element) => holdsSecondAnswer(item, element)));
  }
  if (!fields || !isObject(value)) return false;
  const entries = Object.entries(value);
  const asked = Object.entries(fields).map(([name, field]) => ({ name, field, keys: keysFor(name, value) }));
  const named = new Set(asked.flatMap(({ keys }) => keys));
  const extras = entries.filter(([key]) => !named.has(key));
  // An object around the answer: what stands in it is looked at there.
  if (named.size === 0) return extras.some(([, inner]) => isObject(inner) && holdsSecondAnswer(inner, shape));
  return (
    extras.some(([key, extra]) => saysNo(bareName(key), extra) || isAnswer(extra, shape)) ||
    asked.some(({ name, field, keys }) => {
      if (keys.length > 1) return true;
      const own = (value as Record<string, unknown>)[keys[0] ?? ''];
      return (
        holdsSecondAnswer(own, field) ||
        extras.some(([key, extra]) => mayReplace(key, extra, { name, field }) && !same(extra, own, field))
      );
    })
  );
}

function saysNo(key: string, value: unknown): boolean {
  if (REFUSALS.test(key) && Array.isArray(value)) return value.length > 0;
  if (REFUSALS.test(key) && typeof value === 'string') return !/^\W*(?:no|none|null|n\/?a|false|0)?\W*$/i.test(value);
  if (REFUSALS.test(key)) return !!value;
  return value === false && /^(?:success|ok)$/.test(key);
}

function isAnswer(value: unknown, shape: z.ZodType): boolean {
  if (Array.isArray(value)) return value.some((item) => isAnswer(item, shape));
  return isObject(value) && shape.safeParse(inShape(value, shape)).success;
}

/** Whether an unrequested value could stand for the field. */
function mayReplace(key: string, value: unknown, { name, field }: { name: string; field: z.ZodType }): boolean {
  const words = key
    .replaceAll(/([a-z])(?=[A-Z])/g, '$1 ')
    .toLowerCase()
    .split(/[^a-z]+/);
  if (!fits(value, field) || words.some((word) => NOTES.test(word))) return false;
  if (bareName(key).includes(bareName(name)) || words.some((word) => CHANGES.test(word))) return true;
  // Under any name, only what is hardly something else: one of the options, or a list of our objects.
  if (field instanceof z.ZodEnum) return !Object.values(field.enum).includes('yes');
  const ofObjects = field instanceof z.ZodArray && fieldsOf(field.element as z.ZodType) !== undefined;
  return ofObjects && Array.isArray(value) && value.length > 0;
}

function fits(value: unknown, field: z.ZodType): boolean {
  return field.safeParse(inShape(value, field)).success;
}

function same(one: unknown, other: unknown, field: z.ZodType): boolean {
  return JSON.stringify(inShape(one, field)) === JSON.stringify(inShape(other, field));
}
