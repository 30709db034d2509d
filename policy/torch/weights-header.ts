import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { clipped } from '../../core/clipped.ts';
import { piecesOf } from '../../core/regular-file.ts';

/** What the header of a safetensors file says. */
export interface WeightsHeader {
  tensors: string[];
  metadata: Record<string, string>;
}

/** A file that is no whole safetensors file; the message is the rest of a sentence about it. */
export class NotWeights extends Error {
  override readonly name = 'NotWeights';
}

/** The format's own limit, so that a hostile length cannot ask for memory. */
const MAX_HEADER = 100_000_000;
const Tensor = z.object({ data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]) });
const Metadata = z.record(z.string(), z.string());

/**
 * Reads the header of a safetensors file of any size, which is not trusted, and compares the file's size with it.
 * @throws NotWeights; as `piecesOf`.
 */
export async function readWeightsHeader(path: string): Promise<WeightsHeader> {
  const pieces: Buffer[] = [];
  let [read, length] = [0, MAX_HEADER];
  for await (const piece of piecesOf(path, Number.MAX_SAFE_INTEGER)) {
    if (pieces.push(piece) === 1 && piece.length >= 8) length = Number(piece.readBigUInt64LE());
    if (length > MAX_HEADER) throw new NotWeights(`claims a header of ${length} bytes`);
    read += piece.length;
    if (read >= 8 + length) break;
  }
  const head = Buffer.concat(pieces);
  if (read < 8 + length) throw new NotWeights('ends before its header does');
  const { __metadata__, ...entries } = headerIn(head.subarray(8, 8 + length));
  const ends = Object.entries(entries).map(([name, entry]) => {
    const { data } = Tensor.safeParse(entry);
    if (!data) throw new NotWeights(`has a malformed header of tensor ${JSON.stringify(clipped(name, 100))}`);
    return data.data_offsets[1];
  });
  const described = ends.reduce((most, end) => Math.max(most, end), 0) + 8 + length;
  const { size } = await stat(path);
  if (size !== described) throw new NotWeights(`has ${size} bytes, but its header describes ${described}`);
  return { tensors: Object.keys(entries), metadata: Metadata.safeParse(__metadata__ ?? {}).data ?? {} };
}

function headerIn(bytes: Buffer): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new NotWeights('has a header that is no JSON object');
  }
}
