import { VideocapError } from '../core/errors.ts';
import { elementsIn, unsignedOf } from './ebml.ts';
import { runFfmpeg } from './ffmpeg-command.ts';

/** What ffmpeg's own decoder and its turning of pictures say of the first one: nothing of it is text. */
export interface FirstPicture {
  /** As shown: after every rotation that the file asks for, with square pixels. */
  width: number;
  height: number;
  /** Code points of ITU-T H.273; 2: not said. */
  primaries: number;
  transfer: number;
}

const UNSPECIFIED = 2;

/**
 * ffmpeg decodes one picture and writes the head of a Matroska file about it, without the picture: a head has numbers
 * where ffmpeg's log has text.
 */
const HEAD_OF_FIRST_PICTURE = [
  ...['-frames:v', '1', '-vf', 'format=yuv420p', '-c:v', 'rawvideo', '-bsf:v', 'noise=drop=1'],
  ...['-map_metadata', '-1', '-map_chapters', '-1', '-threads', '1', '-f', 'matroska'],
];

/** @throws FfmpegFailure as `runFfmpeg` does; `VideocapError` `InvalidVideo` when no picture can be decoded. */
export async function firstPicture(
  path: string,
  stream: string,
  limits: Omit<Parameters<typeof runFfmpeg>[0], 'input' | 'outputOptions'>,
): Promise<FirstPicture> {
  const { stdout } = await runFfmpeg({
    ...limits,
    input: path,
    outputOptions: ['-map', stream, ...HEAD_OF_FIRST_PICTURE],
    maxOutputBytes: 2 ** 20,
  });
  return readFirstPicture(stdout);
}

/** @throws VideocapError `InvalidVideo` when the head tells of no picture. */
export function readFirstPicture(head: Uint8Array): FirstPicture {
  const video = find(head, [SEGMENT, TRACKS, TRACK_ENTRY, VIDEO]);
  const number = (ids: number[], otherwise: number) => {
    const element = video && find(head, ids, video);
    return element ? unsignedOf(head, element) : otherwise;
  };
  const [width, height] = [number([PIXEL_WIDTH], 0), number([PIXEL_HEIGHT], 0)];
  if (!(width > 0 && height > 0)) throw new VideocapError('InvalidVideo', 'none of its pictures can be decoded');
  // Display sizes are in pixels or, where unit 3 is said, a ratio; pixels that are not square become as wide as needed.
  const [across, down] = [number([DISPLAY_WIDTH], width), number([DISPLAY_HEIGHT], height)];
  return {
    width: Math.max(1, Math.round(number([DISPLAY_UNIT], 0) === 4 ? width : (height * across) / down)),
    height,
    primaries: number([COLOUR, PRIMARIES], UNSPECIFIED),
    transfer: number([COLOUR, TRANSFER], UNSPECIFIED),
  };
}

/** https://www.matroska.org/technical/elements.html */
const [SEGMENT, TRACKS, TRACK_ENTRY, VIDEO] = [0x18538067, 0x1654ae6b, 0xae, 0xe0];
const [PIXEL_WIDTH, PIXEL_HEIGHT] = [0xb0, 0xba];
const [DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT] = [0x54b0, 0x54ba, 0x54b2];
const [COLOUR, TRANSFER, PRIMARIES] = [0x55b0, 0x55ba, 0x55bb];

function find(bytes: Uint8Array, ids: readonly number[], within?: { start: number; end: number }) {
  let place = within ?? { start: 0, end: bytes.length };
  for (const id of ids) {
    const found = [...elementsIn(bytes, place.start, place.end)].find((element) => element.id === id);
    if (!found) return undefined;
    place = found;
  }
  return place;
}
