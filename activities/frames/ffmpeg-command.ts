import { resolve } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import FfmpegCommand from 'fluent-ffmpeg';
import { VideocapError } from '../../core/errors.ts';
import { findFfmpeg } from './ffmpeg-binary.ts';

/**
 * Containers that may be opened. Playlists, concatenation scripts and network streams are not among them: a video file
 * must not be able to make ffmpeg read anything but itself.
 */
const FORMATS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,ogg,asf,gif,apng,h264,hevc,ivf,yuv4mpegpipe,rawvideo';

/** A picture larger than this, 8192 x 8192, is not decoded: a small file can claim any size. */
const MAX_PIXELS = 2 ** 26;

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
  /** `refused`: it ended by itself with an error; `limit`: it took too long or wrote too much; `killed`: someone else ended it. */
  readonly kind: 'refused' | 'limit' | 'killed';
  /** The last lines of what ffmpeg said. */
  readonly stderr: string;

  constructor(kind: FfmpegFailure['kind'], message: string, stderr = '') {
    super(message);
    this.kind = kind;
    this.stderr = stderr;
  }
}

/**
 * Runs ffmpeg once, to its end. The only place that starts it, and the only one that knows `fluent-ffmpeg`. Reads and
 * writes nothing but files and pipes, never the terminal; an existing output file is overwritten.
 * @throws FfmpegFailure for a non-zero exit, the time limit or too much output; `VideocapError` `MissingTool` without ffmpeg;
 *   the signal's reason when aborted; the input stream's error.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegResult> {
  run.signal?.throwIfAborted();
  const { path } = await findFfmpeg();
  run.signal?.throwIfAborted();
  const command = commandOf(run, path);
  let stopped: Error | undefined;
  const stop = (reason: Error) => {
    stopped ??= reason;
    command.kill('SIGKILL');
  };
  const onAbort = () => stop(abortReason(run.signal!));
  const seconds = run.timeoutSeconds ?? 120;
  const tooLate = () => stop(new FfmpegFailure('limit', `ffmpeg did not finish within ${seconds} s`));
  const timer = setTimeout(tooLate, seconds * 1000);
  run.signal?.addEventListener('abort', onAbort, { once: true });
  // Killing what has not started yet does nothing.
  command.on('start', () => stopped && command.kill('SIGKILL'));
  try {
    const output = run.output === undefined ? collect(command, run.maxOutputBytes ?? 2 ** 30, stop) : undefined;
    const stderr = await new Promise<string>((settle, reject) => {
      command.on('end', (_stdout, stderr) => settle(stderr ?? ''));
      command.on('error', (error: Error, _stdout, stderr) => reject(failureOf(error, path, stderr ?? '')));
      if (run.output !== undefined) command.save(fileUrl(run.output));
    });
    const stdout = (await output) ?? Buffer.alloc(0);
    if (stopped) throw stopped;
    return { stdout, stderr };
  } catch (error) {
    throw stopped ?? error;
  } finally {
    clearTimeout(timer);
    run.signal?.removeEventListener('abort', onAbort);
    if (typeof run.input !== 'string') run.input.destroy();
  }
}

function commandOf({ input, inputOptions = [], outputOptions }: FfmpegRun, path: string): FfmpegCommand.FfmpegCommand {
  const command = FfmpegCommand({ stdoutLines: 0 }).setFfmpegPath(path);
  // Its capability check runs ffmpeg twice more and misreads the tables of current versions; ffmpeg's own errors are better.
  (command as unknown as { _checkCapabilities: (done: () => void) => void })._checkCapabilities = (done) => done();
  const fileGuards = ['-format_whitelist', FORMATS, '-max_pixels', String(MAX_PIXELS)];
  return command
    .input(typeof input === 'string' ? fileUrl(input) : input)
    .inputOptions('-nostdin', '-hide_banner', '-protocol_whitelist', 'file,pipe')
    .inputOptions('-loglevel', 'info', ...(typeof input === 'string' ? fileGuards : []), ...inputOptions)
    .outputOptions('-y', '-nostats', ...outputOptions);
}

/** Everything that ffmpeg writes to its standard output. */
function collect(command: FfmpegCommand.FfmpegCommand, limit: number, stop: (reason: Error) => void): Promise<Buffer> {
  // fluent-ffmpeg takes the stream's `close` for a broken pipe and kills an ffmpeg that needs 20 ms more to exit.
  const stream = new PassThrough({ emitClose: false });
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) stop(new FfmpegFailure('limit', `ffmpeg wrote more than ${limit} bytes`));
    else chunks.push(chunk);
  });
  const all = new Promise<Buffer>((settle) => stream.on('end', () => settle(Buffer.concat(chunks))));
  command.writeToStream(stream, { end: true });
  return all;
}

/** Absolute and with its protocol, so that no file name can be read as an option, a protocol or a pattern. */
function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

function failureOf(error: Error & { inputStreamError?: Error }, path: string, stderr: string): Error {
  if (error.inputStreamError) return error.inputStreamError;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new VideocapError('MissingTool', `ffmpeg at ${path} is gone; install it again or set FFMPEG_PATH.`);
  // Anything but an exit of ffmpeg itself, such as a machine without free memory or processes, is for the caller's caller.
  if (!/^ffmpeg (exited|was killed)/.test(error.message)) return error;
  const kind = error.message.includes('was killed') ? 'killed' : 'refused';
  return new FfmpegFailure(kind, error.message, stderr.trim().split('\n').slice(-12).join('\n'));
}

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
