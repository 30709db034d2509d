import { VideocapError } from '../core/errors.ts';
import { FfmpegFailure } from './ffmpeg-command.ts';

export const TOO_LARGE = /picture size \d+x\d+ (exceeds|is invalid)/i;
/** How ffmpeg's demuxers (mov, matroska) and its input say that a file ends before its index does. */
export const CUT_SHORT = /partial file|File ended prematurely|moov atom not found/;

/** A sentence about this file for whatever went wrong with it; faults of the machine stay as they are. */
export function asVideoError(error: unknown, path: string): unknown {
  if (error instanceof VideocapError && error.code === 'InvalidVideo' && !error.message.includes(shownPath(path)))
    return unreadable(path, error.message, error);
  if (!(error instanceof FfmpegFailure)) return error;
  if (error.kind === 'late' || error.kind === 'killed') {
    const message = `Reading video ${shownPath(path)} was cut short: ${error.message}.`;
    return new VideocapError('Unavailable', message, { cause: error });
  }
  if (error.kind === 'excess') return unreadable(path, `${error.message} for it`, error);
  if (/matches no streams/.test(error.stderr)) return unreadable(path, 'it has no video stream', error);
  if (/not in allowed|not on whitelist|misdetection possible/.test(error.stderr))
    return unreadable(path, 'it is no video file but a list, a picture or a text', error);
  if (CUT_SHORT.test(error.stderr)) return unreadable(path, 'it is cut short, the end of the file is missing', error);
  if (TOO_LARGE.test(error.stderr)) return unreadable(path, 'its picture is larger than 8192 x 8192', error);
  if (error.message.includes('was killed')) return unreadable(path, 'ffmpeg crashes on it', error);
  return unreadable(path, `ffmpeg says "${reasonOf(error.stderr)}"`, error);
}

/** A path as one line of text, whatever characters are in it. */
export function shownPath(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get into a message
  return /[\u0000-\u001f\u007f\u2028\u2029]/.test(path) ? JSON.stringify(path) : path;
}

function unreadable(path: string, reason: string, cause: unknown): VideocapError {
  const remedy = 'check that it plays, or convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p converted.mp4';
  return new VideocapError('InvalidVideo', `Video ${shownPath(path)} cannot be read: ${reason}; ${remedy}.`, { cause });
}

/** ffmpeg's first complaint is the cause, what follows are consequences. */
function reasonOf(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.replace(/^\[[^\]]*\] */, '').trim());
  return lines.find((line) => /invalid|error|not |unsupported|denied|no such/i.test(line)) ?? lines.at(-1) ?? 'nothing';
}
