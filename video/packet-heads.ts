import { runFfmpeg } from './ffmpeg-command.ts';
import { given, type ProbeOptions, VIDEO_STREAM } from './probe-options.ts';

/** Of each packet: enough for parameters, texts and the head of a picture. */
const HEAD_BYTES = 2 ** 16;
/** A longer index is no head. */
const MAX_INDEX = 2 ** 24;
/** What reading a file may cost. */
const LIMITS = { computeSeconds: 120, timeoutSeconds: 1200, maxOutputBytes: 2 ** 42 };

export interface HeadReader {
  /** The content of the QuickTime file's index (`moov`), which describes the stream; comes first. */
  onIndex: (index: Buffer) => void;
  /** The first bytes of a packet; in the order of the file. */
  onPacket: (head: Buffer) => void;
}

/**
 * Reads the beginnings of the video's packets, as they are in the file. ffmpeg copies them into a QuickTime file with a
 * fragment for each packet, so that boxes say where each begins.
 */
export async function readPacketHeads(path: string, reader: HeadReader, options: ProbeOptions): Promise<void> {
  const boxes = new BoxHeads(reader);
  await runFfmpeg({
    input: path,
    outputOptions: [
      ...['-map', VIDEO_STREAM, '-c', 'copy', '-max_error_rate', '1', '-bsf:v', 'setts=ts=N:duration=1'],
      ...['-map_metadata', '-1', '-map_chapters', '-1'],
      ...['-f', 'mov', '-movflags', 'frag_every_frame+empty_moov+default_base_moof'],
    ],
    onOutput: (piece) => boxes.add(piece),
    ...LIMITS,
    ...given(options),
  });
}

/** Takes a QuickTime file piece by piece: keeps the index, and the beginnings of boxes of content (`mdat`). */
class BoxHeads {
  readonly #reader: HeadReader;
  #kept: Buffer = Buffer.alloc(0);
  /** Bytes of the current box that are still to come and are not kept. */
  #skip = 0;

  constructor(reader: HeadReader) {
    this.#reader = reader;
  }

  add(piece: Buffer): void {
    let bytes = piece;
    for (;;) {
      const skipped = Math.min(this.#skip, bytes.length);
      this.#skip -= skipped;
      bytes = bytes.subarray(skipped);
      if (bytes.length === 0) return;
      const all = this.#kept.length > 0 ? Buffer.concat([this.#kept, bytes]) : bytes;
      const taken = this.#take(all);
      if (taken === undefined) {
        this.#kept = Buffer.from(all);
        return;
      }
      this.#kept = Buffer.alloc(0);
      bytes = all.subarray(taken);
    }
  }

  /** Takes one box from the front: how many of the bytes it took; `undefined` where more are needed. */
  #take(bytes: Buffer): number | undefined {
    if (bytes.length < 8) return undefined;
    const length = Math.max(8, bytes.readUInt32BE(0));
    const name = bytes.toString('latin1', 4, 8);
    const wanted = name === 'mdat' ? HEAD_BYTES : name === 'moov' ? MAX_INDEX : 0;
    const end = Math.min(length, 8 + wanted);
    if (bytes.length < end) return undefined;
    const content = bytes.subarray(8, end);
    if (name === 'moov') this.#reader.onIndex(Buffer.from(content));
    if (name === 'mdat') this.#reader.onPacket(content);
    this.#skip = Math.max(0, length - bytes.length);
    return Math.min(length, bytes.length);
  }
}
