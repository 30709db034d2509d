import { z } from 'zod';

/** Names of an object around the answer. Under others, such as `draft` or `example`, it may not be meant. */
const WRAPPER = new RegExp(
  '^(?:(?:the|my|your|final|json|model|judge|assistant)*)' +
    '(?:answers?|results?|responses?|outputs?|reply|json|data|content|final|evaluation|assessment|judge?ment|verdict|' +
    'arguments|parameters|message|object|return)$',
);

/**
 * An answer in the shape that was asked for, where what it says is unambiguous and only written otherwise: words in
 * capitals, numbers as text, `"yes"` for true, names of fields in another case, unrequested fields, a list
 * without the one field that it belongs in, or the whole in a list or a `WRAPPER`. What does not fit stays as it is,
 * for the shape to refuse.
 */
export function inShape(value: unknown, shape: z.ZodType): unknown {
  const fields = fieldsOf(shape);
  if (!fields) return asShape(value, shape);
  const names = Object.keys(fields);
  const has = (one: unknown) => isObject(one) && names.every((name) => keyFor(name, one) !== undefined);
  if (Array.isArray(value)) {
    if (value.length === 1 && has(value[0])) return asShape(value[0], shape);
    const [only] = names;
    return names.length === 1 && fields[only!] instanceof z.ZodArray ? asShape({ [only!]: value }, shape) : value;
  }
  const [[wrapper, inner] = [], ...others] = isObject(value) ? Object.entries(value) : [];
  const wraps = wrapper !== undefined && others.length === 0 && WRAPPER.test(bareName(wrapper));
  return asShape(wraps && !has(value) && has(inner) ? inner : value, shape);
}

function asShape(value: unknown, shape: z.ZodType): unknown {
  const fields = fieldsOf(shape);
  if (fields) return isObject(value) ? asFields(value, fields) : value;
  if (shape instanceof z.ZodArray) {
    const element = shape.element as z.ZodType;
    return Array.isArray(value) ? value.map((item) => asShape(item, element)) : value;
  }
  if (shape instanceof z.ZodEnum) return asOption(value, Object.values(shape.enum));
  if (shape instanceof z.ZodBoolean) return asBoolean(value);
  if (shape instanceof z.ZodNumber) return asNumber(value);
  return value;
}

function asFields(value: object, fields: Record<string, z.ZodType>): object {
  const read = Object.entries(fields).flatMap(([name, field]) => {
    const key = keyFor(name, value);
    return key === undefined ? [] : [[name, asShape((value as Record<string, unknown>)[key], field)]];
  });
  return Object.fromEntries(read);
}

/** The only key that is called so but for capitals, spaces and underscores. */
function keyFor(name: string, value: object): string | undefined {
  const keys = keysFor(name, value);
  return keys.length === 1 ? keys[0] : undefined;
}

export function keysFor(name: string, value: object): string[] {
  return Object.keys(value).filter((key) => bareName(key) === bareName(name));
}

export function bareName(key: string): string {
  return key.replaceAll(/[\s_-]/g, '').toLowerCase();
}

function asOption(value: unknown, options: readonly unknown[]): unknown {
  if (typeof value !== 'string' || options.includes(value)) return value;
  const said = bareWord(value);
  return options.find((option) => typeof option === 'string' && bareWord(option) === said) ?? value;
}

function asBoolean(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const said = bareWord(value);
  return { true: true, yes: true, false: false, no: false }[said] ?? value;
}

function asNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\s*[+-]?\d{1,15}(?:\.\d{1,15})?\s*$/.test(value) ? Number(value) : value;
}

/** Without capitals, spaces and punctuation around it. */
function bareWord(text: string): string {
  return text.replaceAll(/^[\s\p{P}]+|[\s\p{P}]+$/gu, '').toLowerCase();
}

export function fieldsOf(shape: z.ZodType): Record<string, z.ZodType> | undefined {
  return shape instanceof z.ZodObject ? (shape.shape as Record<string, z.ZodType>) : undefined;
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
