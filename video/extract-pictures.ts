import { readFile, stat } from 'node:fs/promises';
import { VideocapError } from '../core/errors.ts';
import { onWhite } from './alpha.ts';
import type { Clip } from './clip.ts';
import { FfmpegFailure, runFfmpeg } from './ffmpeg-command.ts';
import type { FrameOptions } from './frame-options.ts';
import { PacketTable } from './packet-table.ts';
import { isCutShort, orientationOf, type PictureFormat, pictureFormat } from './picture-format.ts';
import { pictureTimes } from './pictures.ts';
import { given, type ProbeOptions } from './probe-options.ts';
import { sampleTimes } from './sample-times.ts';
import { boundsOf, type Excerpt } from './segment.ts';
import { type Size, scaleFilter, smartResize } from './smart-resize.ts';
import { shownPath } from './video-errors.ts';

/** Bytes of a picture's file. */
const LARGEST = 2 ** 28;
const LIMITS = { computeSeconds: 60, timeoutSeconds: 600 };
/** Of seconds that were written as decimals. */
const TOLERANCE = 1e-6;

/**
 * The frames of a video that is a list of pictures, as `extractClip` takes them from a file. All are brought to the
 * size that the first one gets. Pictures are seen as viewers show them: turned as Exif says, transparency on white.
 * @param path the folder, or the picture; @param pictures its pictures in order.
 * @throws VideocapError `InvalidVideo` naming the picture that cannot be decoded.
 */
export async function extractPictures(
  path: string,
  pictures: readonly string[],
  options: FrameOptions & ProbeOptions,
  excerpt: Excerpt,
): Promise<Clip> {
  const { begins, durationSeconds } = pictureTimes(path, pictures.length, excerpt);
  const bounds = boundsOf(excerpt, durationSeconds, path);
  const times = sampleTimes({ durationSeconds, frames: pictures.length }, options, bounds);
  const seen = times.map((time) =>
    Math.max(
      0,
      begins.findLastIndex((begin) => begin <= time + TOLERANCE),
    ),
  );
  const { width, height } = smartResize(await sizeOf(pictures[0]!, options), options, pictures[0]!);
  const decoded = new Map<number, Buffer>();
  for (const index of new Set(seen)) decoded.set(index, await decode(pictures[index]!, { width, height }, options));
  const data = Buffer.concat(seen.map((index) => decoded.get(index)!));
  return { shape: [times.length, height, width, 3], times, durationSeconds, data };
}

interface Picture {
  path: string;
  format: PictureFormat;
  /** As Exif has it. */
  orientation: number;
}

async function openPicture(path: string): Promise<Picture> {
  const { size } = await stat(path);
  if (size > LARGEST) throw unreadable(path, `it has more than ${LARGEST / 2 ** 20} MiB`);
  const bytes = await readFile(path);
  const format = pictureFormat(bytes);
  if (format === undefined) throw unreadable(path, 'it is no PNG, JPEG or WebP picture, or one that moves');
  if (isCutShort(bytes, format)) throw unreadable(path, 'it is cut short, the end of the file is missing');
  return { path, format, orientation: format === 'jpeg' ? orientationOf(bytes) : 1 };
}

/** As shown: turned as Exif says. */
async function sizeOf(path: string, options: ProbeOptions): Promise<Size> {
  const picture = await openPicture(path);
  const table = new PacketTable();
  table.add((await run(picture, ['-c', 'copy', '-f', 'framecrc'], 2 ** 20, options)).toString('latin1'));
  table.end();
  const [width, height] = table.header('dimensions').split('x').map(Number) as [number, number];
  if (!(width > 0 && height > 0)) throw unreadable(path, 'it is damaged');
  return picture.orientation > 4 ? { width: height, height: width } : { width, height };
}

async function decode(path: string, { width, height }: Size, options: ProbeOptions): Promise<Buffer> {
  const picture = await openPicture(path);
  const filters = [
    ...(picture.format === 'jpeg' ? [] : onWhite('gbrap')),
    ...TURNS[picture.orientation]!,
    ...[scaleFilter(width, height), 'setsar=1', 'format=rgb24'],
  ];
  const bytes = width * height * 3;
  const raw = ['-vf', filters.join(','), '-threads', '1', '-f', 'rawvideo'];
  const data = await run(picture, raw, bytes, options);
  if (data.length !== bytes) throw unreadable(path, 'it is damaged');
  return data;
}

/** How a picture of each Exif orientation becomes upright. */
const TURNS: readonly (readonly string[])[] = [
  [],
  [],
  ['hflip'],
  ['hflip', 'vflip'],
  ['vflip'],
  ['transpose=cclock_flip'],
  ['transpose=clock'],
  ['transpose=clock_flip'],
  ['transpose=cclock'],
];

async function run(
  { path, format }: Picture,
  outputOptions: readonly string[],
  maxOutputBytes: number,
  options: ProbeOptions,
): Promise<Buffer> {
  try {
    const { stdout } = await runFfmpeg({
      input: path,
      // Exactly this decoder: no name or content makes ffmpeg open anything else.
      inputOptions: [
        '-format_whitelist',
        `${format}_pipe`,
        '-f',
        `${format}_pipe`,
        '-err_detect',
        'explode',
        '-noautorotate',
      ],
      outputOptions: ['-map', '0:v:0', '-frames:v', '1', '-fps_mode', 'passthrough', '-xerror', ...outputOptions],
      maxOutputBytes,
      ...LIMITS,
      ...given(options),
    });
    return stdout;
  } catch (error) {
    if (!(error instanceof FfmpegFailure)) throw error;
    if (error.kind === 'late' || error.kind === 'killed')
      throw new VideocapError('Unavailable', `Reading picture ${shownPath(path)} was cut short: ${error.message}.`, {
        cause: error,
      });
    throw unreadable(
      path,
      error.kind === 'excess' ? `${error.message} for it` : 'it is damaged, or larger than 8192 x 8192',
      error,
    );
  }
}

function unreadable(path: string, reason: string, cause?: unknown): VideocapError {
  const message = `Picture ${shownPath(path)} cannot be read: ${reason}; save it again as a PNG or JPEG.`;
  return new VideocapError('InvalidVideo', message, { cause });
}
