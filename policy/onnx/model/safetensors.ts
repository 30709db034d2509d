import { z } from 'zod';
import { VideocapError } from '../../../core/errors.ts';
import { WIDEN } from './half-floats.ts';

/** A float32 tensor in memory: what the embedded engine computes with. */
export interface FloatTensor {
  shape: number[];
  data: Float32Array<ArrayBuffer>;
}

/** Tensors by name, in the order of the file or of their making. */
export type FloatTensors = Map<string, FloatTensor>;

export interface Safetensors {
  tensors: FloatTensors;
  metadata: Record<string, string>;
}

/** The format's own limit on the header, so that a hostile length cannot ask for memory. */
const MAX_HEADER = 100_000_000;

const TensorHeader = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Dtype = z.enum(['F32', 'BF16', 'F16']);
const BYTES = { F32: 4, BF16: 2, F16: 2 };
const Header = z.record(z.string(), z.unknown());
const Metadata = z.record(z.string(), z.string());

/**
 * Reads a safetensors file of floats, widened to 32 bits, checking all that the format promises: every byte belongs to
 * exactly one tensor, and every tensor has the bytes its shape needs. The tensors are views of `bytes` where alignment
 * allows.
 * @throws VideocapError `InvalidModel` naming `what` and the fault.
 */
export function readSafetensors(bytes: Uint8Array, what = 'safetensors file'): Safetensors {
  const fail = (fault: string): never => {
    throw new VideocapError(
      'InvalidModel',
      `${what}: ${fault}; expected a safetensors file of F32, BF16 or F16 tensors.`,
    );
  };
  if (bytes.byteLength < 8) fail(`it has ${bytes.byteLength} bytes, too few for a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > MAX_HEADER || 8 + headerLength > bytes.byteLength)
    fail(`its header claims ${headerLength} bytes of a file of ${bytes.byteLength}`);
  const { __metadata__, ...entries } =
    parseHeader(bytes.subarray(8, 8 + headerLength)) ?? fail('its header is no JSON');
  const metadata = Metadata.safeParse(__metadata__ ?? {}).data ?? fail('its metadata maps names to other than texts');

  const parsed = Object.entries(entries).map(([name, entry]) => {
    const header =
      TensorHeader.safeParse(entry).data ?? fail(`the header of tensor ${JSON.stringify(name)} is malformed`);
    const dtype = Dtype.safeParse(header.dtype).data ?? fail(`tensor ${name} has dtype ${header.dtype}`);
    return { name, dtype, shape: header.shape, from: header.data_offsets[0], to: header.data_offsets[1] };
  });
  parsed.sort((a, b) => a.from - b.from || a.to - b.to);
  const start = 8 + headerLength;
  let end = 0;
  const tensors: FloatTensors = new Map();
  for (const { name, dtype, shape, from, to } of parsed) {
    if (from !== end)
      fail(`tensor ${name} begins at byte ${from}, where ${end} is next: there is a hole or an overlap`);
    if (to - from !== BYTES[dtype] * elements(shape))
      fail(`tensor ${name} has ${to - from} bytes for shape [${shape}]`);
    end = to;
    if (start + end > bytes.byteLength) fail(`tensor ${name} ends beyond the end of the file`);
    const data =
      dtype === 'F32'
        ? floats(bytes, start + from, elements(shape))
        : WIDEN[dtype](bytes.subarray(start + from, start + to));
    tensors.set(name, { shape, data });
  }
  if (start + end !== bytes.byteLength) fail(`${bytes.byteLength - start - end} bytes at its end belong to no tensor`);
  return { tensors, metadata };
}

/**
 * Writes float32 tensors as the reference implementation does: sorted by name, header padded to 8 bytes. Equal tensors
 * give equal bytes, whatever order they come in. `transformers` wants the metadata `format: pt`, which is the default.
 */
export function writeSafetensors(
  tensors: FloatTensors,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const names = [...tensors.keys()].sort(byCodePoint);
  const header: Record<string, unknown> = {
    __metadata__: Object.fromEntries(
      Object.entries({ format: 'pt', ...metadata }).sort(([a], [b]) => byCodePoint(a, b)),
    ),
  };
  let size = 0;
  for (const name of names) {
    const { shape, data } = tensors.get(name)!;
    if (data.length !== elements(shape))
      throw new RangeError(`${name} has ${data.length} numbers for shape [${shape}].`);
    header[name] = { dtype: 'F32', shape, data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const headerLength = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength).set(text, 8);
  let at = 8 + headerLength;
  for (const name of names) {
    const { data } = tensors.get(name)!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> | undefined {
  if (bytes[0] !== 0x7b) return undefined;
  try {
    return Header.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data;
  } catch {
    return undefined;
  }
}

function floats(bytes: Uint8Array, at: number, length: number): Float32Array<ArrayBuffer> {
  const offset = bytes.byteOffset + at;
  if (offset % 4 === 0 && bytes.buffer instanceof ArrayBuffer) return new Float32Array(bytes.buffer, offset, length);
  return new Float32Array(bytes.slice(at, at + 4 * length).buffer);
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
