import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import FfmpegCommand from 'fluent-ffmpeg';
import { VideocapError } from '../../core/errors.ts';
import { findFfmpeg } from './ffmpeg-binary.ts';

/**
 * Containers that may be opened. Playlists, concatenation scripts and network streams are not among them: a video file
 * must not be able to make ffmpeg read anything but itself.
 */
const FORMATS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,gif,apng,h264,hevc,ivf,yuv4mpegpipe,rawvideo';

export interface FfmpegRun {
  /** A file, or a stream that ffmpeg reads on its standard input. */
  input: string | Readable;
  inputOptions?: readonly string[];
  outputOptions: readonly string[];
  /** A file to (over)write; without it the output is returned. */
  output?: string;
  /** Default 120 s. */
  timeoutSeconds?: number;
  /** Returned output beyond this ends the run. Default 1 GiB. */
  maxOutputBytes?: number;
  signal?: AbortSignal;
}

export interface FfmpegResult {
  stdout: Buffer;
  stderr: string;
}

/** ffmpeg ran and failed. Callers that know what they asked for turn this into a sentence about it. */
export class FfmpegFailure extends Error {
  override readonly name = 'FfmpegFailure';
  /** The last lines of what ffmpeg said. */
  readonly stderr: string;

  constructor(message: string, stderr: string) {
    super(message);
    this.stderr = stderr;
  }
}

/**
 * Runs ffmpeg once, to its end. The only place that starts it, and the only one that knows `fluent-ffmpeg`. Reads and
 * writes nothing but files and pipes, never the terminal.
 * @throws FfmpegFailure for a non-zero exit, the time limit or too much output; `VideocapError` `MissingTool` without ffmpeg;
 *   the signal's reason when aborted.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegResult> {
  run.signal?.throwIfAborted();
  const { path } = await findFfmpeg();
  return new Promise((settle, reject) => {
    const command = FfmpegCommand({ stdoutLines: 0 }).setFfmpegPath(path);
    // Its capability check runs ffmpeg twice more and misreads the tables of current versions; ffmpeg's own errors are better.
    (command as unknown as { _checkCapabilities: (done: () => void) => void })._checkCapabilities = (done) => done();

    const isFile = typeof run.input === 'string';
    command.input(isFile ? fileUrl(run.input as string) : (run.input as Readable));
    const guards = ['-protocol_whitelist', 'file,pipe', ...(isFile ? ['-format_whitelist', FORMATS] : [])];
    command.inputOptions('-nostdin', '-hide_banner', ...guards, ...(run.inputOptions ?? []));
    command.outputOptions('-nostats', ...run.outputOptions);

    const chunks: Buffer[] = [];
    let bytes = 0;
    let ended: Error | undefined;
    const stop = (reason: Error) => {
      ended ??= reason;
      command.kill('SIGKILL');
    };
    const seconds = run.timeoutSeconds ?? 120;
    const timer = setTimeout(
      () => stop(new FfmpegFailure(`ffmpeg did not finish within ${seconds} s`, '')),
      seconds * 1000,
    );
    const onAbort = () => stop(abortReason(run.signal!));
    run.signal?.addEventListener('abort', onAbort, { once: true });
    const clean = () => {
      clearTimeout(timer);
      run.signal?.removeEventListener('abort', onAbort);
    };

    command.on('error', (error: Error, _stdout, stderr) => {
      clean();
      reject(ended ?? failureOf(error, path, stderr ?? ''));
    });
    command.on('end', (_stdout, stderr) => {
      clean();
      if (ended) reject(ended);
      else settle({ stdout: Buffer.concat(chunks), stderr: stderr ?? '' });
    });
    if (run.output !== undefined) {
      command.save(fileUrl(run.output));
      return;
    }
    command.pipe().on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      const limit = run.maxOutputBytes ?? 2 ** 30;
      if (bytes > limit) stop(new FfmpegFailure(`ffmpeg wrote more than ${limit} bytes`, ''));
      else chunks.push(chunk);
    });
  });
}

/** Absolute and with its protocol, so that no file name can be read as an option, a protocol or a pattern. */
function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

function failureOf(error: Error, path: string, stderr: string): Error {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new VideocapError('MissingTool', `ffmpeg at ${path} is gone; install it again or set FFMPEG_PATH.`);
  return new FfmpegFailure(error.message, stderr.trim().split('\n').slice(-12).join('\n'));
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
