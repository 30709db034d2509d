import { BoundedPieces, chunksOf } from './lines.ts';

const [QUOTE, BACKSLASH, COMMA, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x22, 0x5c, 0x2c, 0x7b, 0x7d, 0x5b, 0x5d];
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** An entry of a JSON array: its bytes, or what is wrong with it. */
export type Entry = { raw: Buffer } | { problem: string };

/** Whether a file is one JSON array of objects, not a sample a line. */
export async function isArray(path: string, signal?: AbortSignal): Promise<boolean> {
  let started = false;
  for await (const chunk of chunksOf(path, signal))
    for (const byte of chunk) {
      if (SPACES.has(byte)) continue;
      if (started) return byte === OPEN;
      if (byte !== OPEN_LIST) return false;
      started = true;
    }
  return false;
}

/**
 * The entries of a JSON array of any size, read in pieces: never more than `maxBytes` of an entry are in memory. Splits
 * at the commas between entries, and leaves it to the caller to parse them, so that one bad entry spoils no other.
 */
export async function* entriesOf(path: string, maxBytes: number, signal?: AbortSignal): AsyncGenerator<Entry> {
  let [depth, inText, escaped, ended] = [0, false, false, false];
  const pieces = new BoundedPieces(maxBytes);
  const finish = (byte: number): Entry => {
    const raw = pieces.take();
    // A comma behind the last entry is fine.
    if (byte === COMMA && raw?.every((one) => SPACES.has(one)))
      return {
        problem: 'nothing stands before a comma of the list; remove the comma, or write the sample that is missing',
      };
    return raw ? { raw } : { problem: `it is longer than ${maxBytes} bytes; an entry holds one sample` };
  };
  for await (const chunk of chunksOf(path, signal)) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (ended) {
        if (SPACES.has(byte)) continue;
        yield { problem: 'more follows after the end of the list; write one list, or one sample a line' };
        return;
      }
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
      } else if (byte === QUOTE) inText = true;
      else if (byte === OPEN || byte === OPEN_LIST) {
        depth += 1;
        if (depth === 1) from = at + 1;
      } else if (byte === CLOSE) depth = Math.max(1, depth - 1);
      else if (byte === CLOSE_LIST) depth -= 1;
      if (inText || depth > 1 || (depth === 1 && byte !== COMMA) || (depth === 0 && byte !== CLOSE_LIST)) continue;
      pieces.keep(chunk.subarray(from, at));
      from = at + 1;
      ended = depth === 0;
      yield finish(byte);
    }
    if (!ended) pieces.keep(chunk.subarray(from));
  }
  if (!ended) yield { problem: 'the list has no end; the file is cut short' };
}
