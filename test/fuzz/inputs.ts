import fc from 'fast-check';

/** Bytes with a few of them changed, put in, taken out, or cut off. */
export function mutated(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 16 }), fc.constant(1_000_000)),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(...['"', '[', ']', '{', '}', ':', ',', '\n', '-1', '1e999', '\\ud83d', '</think>'].map(bytesOf)),
    ),
  });
  return fc.tuple(original, fc.array(edit, { maxLength: 5 })).map(([bytes, edits]) =>
    edits.reduce((whole, { at, remove, put }) => {
      const start = Math.floor(at * whole.length);
      return Uint8Array.from(Buffer.concat([whole.subarray(0, start), put, whole.subarray(start + remove)]));
    }, bytes),
  );
}

/** Words of a language in any order, and other text between them. */
export function soup(words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const repeated = fc
    .tuple(fc.constantFrom(...words), fc.integer({ min: 1, max: 3000 }))
    .map(([one, n]) => one.repeat(n));
  return fc
    .array(fc.oneof({ weight: 40, arbitrary: word }, repeated), { maxLength: 60, size: 'max' })
    .map((parts) => parts.join(''));
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}
