import { VideocapError } from '../core/errors.ts';
import { FfmpegFailure } from './ffmpeg-command.ts';
import { type FileKind, kindOfFile } from './file-kind.ts';

/** An error of the file as one sentence with its path; faults of the machine stay as they are. */
export function asVideoError(error: unknown, path: string): unknown {
  if (error instanceof VideocapError && error.code === 'InvalidVideo' && !error.message.includes(shownPath(path)))
    return unreadable(path, error.message, error);
  if (!(error instanceof FfmpegFailure)) return error;
  if (error.kind === 'late' || error.kind === 'killed') {
    const message = `Reading video ${shownPath(path)} was cut short: ${error.message}.`;
    return new VideocapError('Unavailable', message, { cause: error });
  }
  if (error.kind === 'excess') return unreadable(path, `${error.message} for it`, error);
  if (error.message.includes('was killed')) return unreadable(path, 'ffmpeg crashes on it', error);
  const lines = complaints(error.stderr);
  const known = SENTENCES.find(([words]) => lines.some((line) => words.test(line)))?.[1];
  // A stream that is no picture says what the file is; then what the file begins with; then what ffmpeg refuses.
  if (known === NO_STREAM || known === TOO_LARGE) return unreadable(path, known, error);
  const kind = kindOfFile(path);
  const refusal = kind && REFUSALS[kind];
  if (refusal) return new VideocapError('InvalidVideo', `Video ${shownPath(path)} ${refusal}.`, { cause: error });
  if (kind) return unreadable(path, 'it is no video file but a list, a picture or a text', error);
  return unreadable(path, known ?? `ffmpeg says "${reasonOf(lines)}"`, error);
}

/** A path as one line of text, whatever characters are in it. */
export function shownPath(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get into a message
  return /[\u0000-\u001f\u007f\u2028\u2029]/.test(path) ? JSON.stringify(path) : path;
}

/** What a file is that is no video, and what to do. */
const REFUSALS: Partial<Record<FileKind, string>> = {
  archive: 'is an archive; unpack it, and name the video that was in it',
  pointer: 'only points at a file in Git LFS; run `git lfs pull` in its folder',
  zeros: 'begins with nothing but zeros, so its download was not finished; download it again',
};

const NO_STREAM = 'it has no video stream';
const NO_SIZE = 'its stream has lost the header that states the size of its picture';
const TOO_LARGE = 'its picture is larger than 8192 x 8192';
const NO_PICTURE = 'none of its pictures can be decoded';

/**
 * ffmpeg's complaints, whole lines of them, and what they mean of a file. They choose the sentence of a file that is
 * refused in any case; no file is refused for them.
 */
const SENTENCES: readonly (readonly [words: RegExp, sentence: string])[] = [
  [/^Stream map '[^']*' matches no streams\.?$/, NO_STREAM],
  [/^picture size 0x0 is invalid$/i, NO_SIZE],
  [/^picture size \d+x\d+ (exceeds specified max pixel count \d+|is invalid)$/i, TOO_LARGE],
  [
    /^Format not on whitelist '[^']*'$|^Format not in allowed list|^Unknown input format/,
    'its container is none of those that are read here, which hold a whole video themselves',
  ],
  [/^Cannot determine format of input (stream )?\d+:\d+ after EOF$/, NO_PICTURE],
];

function unreadable(path: string, reason: string, cause: unknown): VideocapError {
  const remedy = 'check that it plays, or convert it: ffmpeg -i <file> -c:v libx264 -pix_fmt yuv420p converted.mp4';
  return new VideocapError('InvalidVideo', `Video ${shownPath(path)} cannot be read: ${reason}; ${remedy}.`, { cause });
}

/** ffmpeg's lines, without the name of the part that wrote them. */
function complaints(stderr: string): string[] {
  return stderr.split('\n').map((line) => line.replace(/^(\[[^\]]*\] *)*/, '').trim());
}

/** ffmpeg's first complaint is the cause, what follows are consequences. */
function reasonOf(lines: readonly string[]): string {
  return lines.find((line) => /invalid|error|not |unsupported|denied|no such/i.test(line)) ?? lines.at(-1) ?? 'nothing';
}
