import { expect, test } from 'vitest';
import { z } from 'zod';
import { jsonBytes, parseJsonBytes } from '../../../core/json-in-parts.ts';
import { parseInParts } from '../../../core/parse-in-parts.ts';
import { uniformAt } from '../../../core/random.ts';

const STRINGS = ['', 'a', '"quoted\\', '\\\\"', 'line\nbreak', '[{"a":1}]', 'é漢😀', '\ud800', '__proto__', '},{'];

/** Any value that JSON can hold, and some that it leaves out. */
function valueAt(path: readonly (string | number)[], depth = 6): unknown {
  const at = (name: string) => uniformAt(7, [...path, name]);
  const kind = Math.floor(at('kind') * (depth > 0 ? 9 : 6));
  const many = Math.floor(at('many') * 5);
  const text = (i: number) => STRINGS[Math.floor(at(`text ${i}`) * STRINGS.length)]!;
  const inner = (i: number) => valueAt([...path, i], depth - 1);
  if (kind < 6) return [null, true, at('number') * 1e9, -0, undefined, text(0)][kind];
  if (kind === 6) return Object.fromEntries(Array.from({ length: many }, (_, i) => [text(i), inner(i)]));
  return Array.from({ length: many }, (_, i) => inner(i));
}

/** Larger than what is read at once, on every level. */
const large = (value: unknown) => ({ values: [[[value, 'x'.repeat(70_000), [value]], [value]], value], value });

test('bytes are those of JSON.stringify, and are read as JSON.parse reads them', async () => {
  for (let i = 0; i < 200; i++) {
    const value = large(valueAt(['value', i]));
    const bytes = await jsonBytes(value);
    expect(bytes.toString('utf8')).toBe(`${JSON.stringify(value)}\n`);
    expect(await parseJsonBytes(bytes)).toStrictEqual(JSON.parse(bytes.toString('utf8')));
    const spaced = JSON.stringify(value, null, '\t ');
    expect(await parseJsonBytes(Buffer.from(`\r\n ${spaced} `))).toStrictEqual(JSON.parse(spaced));
  }
});

test('what is no JSON is refused as JSON.parse does', async () => {
  const whole = JSON.stringify(large({ a: [1, 2, { b: 'c' }] }));
  for (const fault of [
    ...[whole.slice(0, -1), `${whole}]`, `${whole},1`, `[${whole},]`, `[${whole}`, `{${whole}}`, `{"a" ${whole}}`],
    ...[`{1:${whole}}`, `[${whole} 1]`, whole.replace('[1', '[1,,'), whole.replace('"c"', '"c'), `[,${whole}]`],
  ]) {
    expect(() => JSON.parse(fault)).toThrow(SyntaxError);
    await expect(parseJsonBytes(Buffer.from(fault))).rejects.toThrow(SyntaxError);
  }
});

const Inner = z.strictObject({ score: z.number(), note: z.string().default('none') });
const Plain = z.strictObject({
  list: z.array(z.array(Inner)),
  byName: z.record(z.string(), z.array(z.number().nullable())),
  few: z.array(z.int()).max(2).optional(),
  doubled: z.number().transform((x) => 2 * x),
});

test.each([
  ['a valid value', { list: [[{ score: 1 }], []], byName: { a: [1, null], __proto: [] }, few: [1, 2], doubled: 4 }],
  ['a wrong element', { list: [[{ score: 1 }, { score: '1' }]], byName: {}, doubled: 4 }],
  ['an unknown field', { list: [], byName: {}, doubled: 4, more: [] }],
  ['a missing field', { list: [], doubled: 4 }],
  ['too long a list', { list: [], byName: {}, few: [1, 2, 3], doubled: 4 }],
  ['another type', { list: {}, byName: [], doubled: 4 }],
  ['no object', null],
])('%s is parsed as the schema does', async (_, value) => {
  const plain = Plain.safeParse(value);
  const parts = parseInParts(Plain, value);
  if (plain.success) expect(await parts).toStrictEqual(plain.data);
  else await expect(parts).rejects.toStrictEqual(plain.error);
});
