import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FloatTensors, readSafetensors, writeSafetensors } from '../../../../../policy/onnx/model/safetensors.ts';

/** A file from a header as it stands and a number of zero bytes. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const json = Buffer.from(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

const tensor = (shape: number[], from: number, to: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

const tensors = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })), {
    selector: ([name]) => name,
    maxLength: 6,
  })
  .map((entries): FloatTensors => {
    const named = entries.filter(([name]) => name !== '__metadata__' && name !== '__proto__');
    return new Map(
      named.map(([name, shape], index) => {
        const length = shape.reduce((a, b) => a * b, 1);
        return [name, { shape, data: Float32Array.from({ length }, (_, i) => index + i / 8) }];
      }),
    );
  });

test('what was written is read again, whatever the names and shapes', () => {
  fc.assert(
    fc.property(tensors, (written) => {
      const read = readSafetensors(writeSafetensors(written, { note: 'ä' }));
      expect(read.metadata).toEqual({ format: 'pt', note: 'ä' });
      expect(new Map([...read.tensors].sort())).toEqual(new Map([...written].sort()));
    }),
  );
});

test('equal tensors give equal bytes, whatever their order and their place in memory', () => {
  fc.assert(
    fc.property(tensors, (written) => {
      const shifted = new Map(
        [...written].reverse().map(([name, { shape, data }]) => {
          const wide = new Float32Array(data.length + 3);
          wide.set(data, 3);
          return [name, { shape, data: wide.subarray(3) }];
        }),
      );
      expect(Buffer.compare(writeSafetensors(written), writeSafetensors(shifted))).toBe(0);
    }),
  );
});

test('the layout is that of the reference implementation (safetensors 0.8, save_file of two tensors)', () => {
  const bytes = writeSafetensors(
    new Map([
      ['b', { shape: [2], data: Float32Array.of(1, 2) }],
      ['a', { shape: [], data: Float32Array.of(3) }],
    ]),
  );
  const header =
    '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32",' +
    '"shape":[2],"data_offsets":[4,12]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  expect(Buffer.from(bytes).readBigUInt64LE()).toBe(BigInt(padded.length));
  expect(Buffer.from(bytes).toString('utf8', 8, 8 + padded.length)).toBe(padded);
  expect([...new Float32Array(bytes.slice(8 + padded.length).buffer)]).toEqual([3, 1, 2]);
});

test('reads from a buffer that is not aligned for floats', () => {
  const bytes = writeSafetensors(new Map([['a', { shape: [2], data: Float32Array.of(1, 2) }]]));
  const odd = new Uint8Array(bytes.length + 1);
  odd.set(bytes, 1);
  expect([...readSafetensors(odd.subarray(1)).tensors.get('a')!.data]).toEqual([1, 2]);
});

test.each<[string, Uint8Array, string]>([
  ['an empty file', new Uint8Array(0), 'it has 0 bytes, too few for a header'],
  ['a header longer than the file', file({}, 0).subarray(0, 9), 'its header claims 2 bytes of a file of 9'],
  ['an absurd header length', Uint8Array.from([255, 255, 255, 255, 255, 255, 255, 127, 0]), 'its header claims'],
  ['text that is no JSON', file('{"a":', 0), 'its header is no JSON'],
  ['JSON that is no object', file('[1]', 0), 'its header is no JSON'],
  [
    'a header that is no UTF-8',
    Buffer.concat([file('{"a"}', 0).subarray(0, 8), Buffer.from([0x7b, 0xff, 0x7d, 0, 0])]),
    'its header is no JSON',
  ],
  ['another dtype', file({ a: tensor([1], 0, 8, 'F64') }, 8), 'tensor a has dtype F64'],
  ['half floats of another size', file({ a: tensor([1], 0, 4, 'BF16') }, 4), 'tensor a has 4 bytes for shape [1]'],
  ['a malformed entry', file({ a: { dtype: 'F32' } }, 0), 'the header of tensor "a" is malformed'],
  ['a negative size', file({ a: tensor([-1], 0, 4) }, 4), 'the header of tensor "a" is malformed'],
  ['a fractional offset', file({ a: tensor([1], 0.5, 4.5) }, 5), 'the header of tensor "a" is malformed'],
  ['a shape that does not fit its bytes', file({ a: tensor([3], 0, 8) }, 8), 'tensor a has 8 bytes for shape [3]'],
  [
    'a shape whose product overflows',
    file({ a: tensor([2 ** 40, 2 ** 40], 0, 4) }, 4),
    'tensor a has 4 bytes for shape',
  ],
  ['a hole', file({ a: tensor([1], 0, 4), b: tensor([1], 8, 12) }, 12), 'tensor b begins at byte 8, where 4 is next'],
  ['an overlap', file({ a: tensor([2], 0, 8), b: tensor([1], 4, 8) }, 8), 'tensor b begins at byte 4, where 8 is next'],
  ['a tensor beyond the end', file({ a: tensor([2], 0, 8) }, 4), 'tensor a ends beyond the end of the file'],
  ['bytes that belong to nothing', file({ a: tensor([1], 0, 4) }, 8), '4 bytes at its end belong to no tensor'],
  [
    'metadata that is no map of texts',
    file({ __metadata__: { a: 1 } }, 0),
    'its metadata maps names to other than texts',
  ],
])('refuses %s', (_, bytes, fault) => {
  expect(() => readSafetensors(bytes, 'x.safetensors')).toThrow(`x.safetensors: ${fault}`);
});

test('never does anything but read or refuse, whatever the bytes', () => {
  const whole = writeSafetensors(new Map([['a', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]]));
  fc.assert(
    fc.property(
      fc.nat(whole.length - 1),
      fc.integer({ min: 0, max: 255 }),
      fc.nat(whole.length),
      (at, byte, length) => {
        const hostile = whole.slice(0, length);
        if (at < length) hostile[at] = byte;
        try {
          readSafetensors(hostile);
        } catch (error) {
          expect(error).toMatchObject({ name: 'VideocapError', code: 'InvalidModel' });
        }
      },
    ),
  );
});
