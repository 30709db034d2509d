import { runFfmpeg } from './ffmpeg-command.ts';
import { given, type ProbeOptions, VIDEO_STREAM } from './probe-options.ts';

/** One decoded frame: when ffmpeg shows it, in microseconds, and a checksum of what is seen of it. */
export interface DecodedPicture {
  time: number;
  checksum: string;
}

export interface Pass {
  /** Options of the input: how it is decoded, and from where. */
  inputOptions?: readonly string[];
  /** Filters of the pictures, at the end of which the checksum is taken. */
  filters: readonly string[];
  /** How many frames are decoded; default all. */
  frames?: number;
  durationSeconds?: number;
}

/** A line a frame: enough for a day of video. */
const MAX_BYTES = 256 * 2 ** 20;
const MAX_LINE = 4096;

/** Every frame that ffmpeg decodes, in the order in which it gives them. */
export async function decodedPictures(
  path: string,
  { inputOptions = [], filters, frames, durationSeconds = 0 }: Pass,
  options: ProbeOptions,
): Promise<DecodedPicture[]> {
  const pictures: DecodedPicture[] = [];
  let rest = '';
  await runFfmpeg({
    input: path,
    inputOptions: [...inputOptions, '-noautorotate', '-reinit_filter', '0'],
    outputOptions: [
      ...['-max_error_rate', '1', '-map', VIDEO_STREAM, '-fps_mode', 'passthrough'],
      ...(frames === undefined ? [] : ['-frames:v', `${frames}`]),
      ...['-vf', ['settb=AVTB', ...filters].join(','), '-enc_time_base', '1:1000000', '-threads', '1'],
      ...['-c:v', 'rawvideo', '-f', 'framecrc'],
    ],
    maxOutputBytes: MAX_BYTES,
    onOutput: (piece) => {
      const lines = (rest + piece.toString('latin1')).split('\n');
      rest = lines.pop()!.slice(0, MAX_LINE);
      for (const line of lines) {
        // Stream, times of decoding and of showing, duration, bytes and checksum.
        const [, time, checksum] = /^0, *-?\d+, *(-?\d+), *\d+, *\d+, *(0x[0-9a-f]+)/.exec(line) ?? [];
        if (time !== undefined) pictures.push({ time: Number(time), checksum: checksum! });
      }
    },
    computeSeconds: 120 + 4 * durationSeconds,
    timeoutSeconds: 1200 + 10 * durationSeconds,
    ...given(options),
  });
  return pictures;
}
