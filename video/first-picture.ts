import { VideocapError } from '../core/errors.ts';
import { displayRotation } from './display-matrix.ts';
import { SIDE_OUTPUT } from './ffmpeg-command.ts';
import { all, boxAt, find, numberAt } from './mp4-boxes.ts';
import type { Colours } from './tone-map.ts';

/** What ffmpeg's decoder states about the first picture, in numbers alone. */
export interface FirstPicture {
  /** As shown: after every rotation that the file asks for, with square pixels. */
  width: number;
  height: number;
  /** Whole degrees that the file asks players to turn the picture, counter-clockwise, in (-180, 180]. */
  rotation: number;
  colours: Colours;
  /** The decoder gives its transparency. */
  transparent: boolean;
}

/**
 * ffmpeg decodes one picture of `stream` and writes the head of a QuickTime file about it to `SIDE_OUTPUT`, without the
 * picture: a head has numbers where ffmpeg's log has text. It has the display matrix, wherever the input states the
 * rotation. The input must not be turned by ffmpeg (`-noautorotate`).
 */
export const headOfFirstPicture = (stream: string): readonly string[] => [
  ...[
    '-map',
    stream,
    '-frames:v',
    '1',
    '-vf',
    'format=pix_fmts=rgb24|rgba',
    '-c:v',
    'rawvideo',
    '-bsf:v',
    'noise=drop=1',
  ],
  ...['-map_metadata', '-1', '-map_chapters', '-1', '-threads', '1'],
  ...['-f', 'mov', '-movflags', 'frag_keyframe+empty_moov', SIDE_OUTPUT],
];

/** @throws VideocapError `InvalidVideo` when the head describes no picture. Pure. */
export function readFirstPicture(head: Buffer): FirstPicture {
  const entry = pictureEntry(head);
  const [width, height] = entry ? [head.readUInt16BE(entry.start + 24), head.readUInt16BE(entry.start + 26)] : [0, 0];
  if (!entry || width === 0 || height === 0)
    throw new VideocapError('InvalidVideo', 'none of its pictures can be decoded');
  const aspect = find(head, { ...entry, start: entry.start + ENTRY_BYTES }, 'pasp');
  const [across, down] = aspect ? [numberAt(head, aspect.start), numberAt(head, aspect.start + 4)] : [1, 1];
  const square = Math.max(1, across > 0 && down > 0 ? Math.round((width * across) / down) : width);
  const rotation = wholeDegrees(displayRotation(head));
  // At multiples of 90 degrees ffmpeg turns by quarters. At other angles it turns the picture inside its own bounds.
  const upright = Math.abs(rotation) !== 90;
  return {
    width: upright ? square : height,
    height: upright ? height : square,
    rotation,
    colours: coloursOf(head),
    transparent: entry.name === 'RGBA',
  };
}

/** As C rounds, half away from zero; in (-180, 180]. */
function wholeDegrees(degrees: number): number {
  const whole = Math.sign(degrees) * Math.round(Math.abs(degrees));
  return whole === -180 ? 180 : whole + 0;
}

/** The colours that the head of a QuickTime file states (`colr`). */
function coloursOf(head: Buffer): Colours {
  const entry = pictureEntry(head);
  const colours = entry && find(head, { ...entry, start: entry.start + ENTRY_BYTES }, 'colr');
  if (!colours || colours.end - colours.start < 10) return { primaries: UNSPECIFIED, transfer: UNSPECIFIED };
  return { primaries: head.readUInt16BE(colours.start + 4), transfer: head.readUInt16BE(colours.start + 6) };
}

/** Code point of ITU-T H.273. */
const UNSPECIFIED = 2;
/** The fixed part of a description of pictures, behind which more boxes follow (ISO/IEC 14496-12, 12.1.3). */
const ENTRY_BYTES = 78;

function pictureEntry(head: Buffer) {
  const table = find(head, all(head), 'moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd');
  // Behind version, flags and the number of entries.
  const entry = table && boxAt(head, table.start + 8, table.end);
  return entry && entry.end - entry.start >= ENTRY_BYTES ? entry : undefined;
}
