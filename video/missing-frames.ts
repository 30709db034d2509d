import { FfmpegFailure } from './ffmpeg-command.ts';
import type { FrameNumbers } from './frame-numbers.ts';
import { H264Numbers } from './h264-numbers.ts';
import { all, boxAt, find } from './mp4-boxes.ts';
import { Mpeg2Numbers } from './mpeg2-numbers.ts';
import { readPacketHeads } from './packet-heads.ts';
import type { ProbeOptions } from './probe-options.ts';

/**
 * The packets before which a frame is missing, by the numbers that the frames carry: an encoder counts what it writes.
 * Decoders show something in place of such a frame and report nothing. H.264 and MPEG-2; frames of other codecs have
 * no such numbers, or their decoders report what is missing. Reads the whole file.
 * @param packets that the file has: where ffmpeg gives others, nothing is known.
 */
export async function packetsBehindGaps(
  path: string,
  { codec, packets }: { codec: string; packets: number },
  options: ProbeOptions,
): Promise<ReadonlySet<number>> {
  if (codec !== 'h264' && codec !== 'mpeg2video') return new Set();
  let numbers: FrameNumbers | undefined;
  let taken = 0;
  const onIndex = (index: Buffer) => {
    numbers = codec === 'h264' ? new H264Numbers(configurationIn(index)) : new Mpeg2Numbers();
  };
  const onPacket = (head: Buffer) => {
    taken++;
    numbers?.take(head);
  };
  try {
    await readPacketHeads(path, { onIndex, onPacket }, options);
  } catch (error) {
    // What ffmpeg cannot copy into a QuickTime file may still be decoded.
    if (error instanceof FfmpegFailure && error.kind === 'refused') return new Set();
    throw error;
  }
  return taken === packets ? (numbers?.behindGaps ?? new Set()) : new Set();
}

/** The fixed part of a description of pictures (ISO/IEC 14496-12, 12.1.3). */
const ENTRY_BYTES = 78;

/** The content of `avcC` in the index of a QuickTime file; empty where there is none. */
function configurationIn(index: Buffer): Buffer {
  const table = find(index, all(index), 'trak', 'mdia', 'minf', 'stbl', 'stsd');
  const entry = table && boxAt(index, table.start + 8, table.end);
  const found = entry && find(index, { start: entry.start + ENTRY_BYTES, end: entry.end }, 'avcC');
  return found ? index.subarray(found.start, found.end) : Buffer.alloc(0);
}
