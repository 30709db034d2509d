import assert from 'node:assert/strict';
import fc from 'fast-check';
import { elements, readSafetensors, writeSafetensors } from '../../../../../policy/onnx/model/safetensors.ts';
import { mutated } from '../../../../fuzz/inputs.ts';

const size = fc.oneof(
  fc.integer({ min: -2, max: 70 }),
  fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 53, 1e300, 1.5, -0, null, '4', []),
);
const entry = fc.oneof(
  fc.record(
    {
      dtype: fc.constantFrom('F32', 'F16', 'f32', '', 32),
      shape: fc.oneof(fc.array(size, { maxLength: 4 }), fc.constant(null)),
      data_offsets: fc.array(size, { minLength: 1, maxLength: 3 }),
      more: fc.anything(),
    },
    { requiredKeys: ['dtype'] },
  ),
  fc.jsonValue(),
);
const header = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__metadata__', '__proto__', 'a')), entry, {
  maxKeys: 4,
});

/** A file that says any length of its header. */
const file = fc
  .tuple(
    fc.oneof(
      header.map((value) => JSON.stringify(value)),
      fc.json(),
      fc.string(),
    ),
    fc.uint8Array({ maxLength: 64 }),
    fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  )
  .map(([text, data, length]) => {
    const json = Buffer.from(text);
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(length ?? BigInt(json.length));
    return Uint8Array.from(Buffer.concat([start, json, data]));
  });
const written = fc
  .array(fc.tuple(fc.string(), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 })), { maxLength: 4 })
  .map((tensors) =>
    writeSafetensors(
      new Map(tensors.map(([name, shape]) => [name, { shape, data: new Float32Array(elements(shape)).fill(1) }])),
    ),
  );

export const inputs = fc.oneof(file, mutated(written), mutated(file), fc.uint8Array());

export function subject(bytes: Uint8Array): void {
  const { tensors } = readSafetensors(bytes);
  let floats = 0;
  for (const { shape, data } of tensors.values()) {
    assert.equal(data.length, elements(shape));
    floats += data.length;
  }
  assert(4 * floats <= bytes.length);
}
