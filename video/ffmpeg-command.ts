import type { ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import FfmpegCommand from 'fluent-ffmpeg';
import { VideocapError } from '../core/errors.ts';
import { CONTAINERS } from './containers.ts';
import { findFfmpeg } from './ffmpeg-binary.ts';
import { withinLimits } from './ffmpeg-limits.ts';

/** A picture larger than this, 8192 x 8192, is not decoded: a small file can claim any size. */
const MAX_PIXELS = 2 ** 26;
/**
 * The largest single piece of memory that ffmpeg asks for, and all that it may have: 8K video needs about a third of
 * it.
 */
const MAX_ALLOCATION = 2 ** 30;
const MAX_MEMORY = 4 * 2 ** 30;
/** ffmpeg logs a line or two about a good file, and one for every packet of a broken one. */
const MAX_LOG_CHARACTERS = 2 ** 22;

/** Where ffmpeg can write a second stream beside its output: a pipe to `onSide`. */
export const SIDE_OUTPUT = 'pipe:3';

export interface FfmpegRun {
  /** A file, or a stream that ffmpeg reads on its standard input. */
  input: string | Readable;
  inputOptions?: readonly string[];
  /** Opens the same file once more for each of these, with these options: inputs 1, 2 and so on. */
  openedAgain?: readonly (readonly string[])[];
  outputOptions: readonly string[];
  /** A file to (over)write; without it the output is returned. */
  output?: string;
  /** By the clock. Default 120 s. */
  timeoutSeconds?: number;
  /** By the processor's clock: what the input itself may cost, on however busy a machine. Default: no limit. */
  computeSeconds?: number;
  /** Default 4 GiB. */
  memoryBytes?: number;
  /** Output beyond this ends the run. Default 1 GiB, to a file 64 GiB. */
  maxOutputBytes?: number;
  /** Takes the output as it comes; the result then has none. */
  onOutput?: (piece: Buffer) => void;
  /** Takes what ffmpeg writes to `SIDE_OUTPUT`, as it comes. What it throws ends the run. */
  onSide?: (piece: Buffer) => void;
  signal?: AbortSignal;
}

export interface FfmpegResult {
  stdout: Buffer;
  stderr: string;
}

/** ffmpeg ran and failed. Callers that know what they asked for turn this into a sentence about it. */
export class FfmpegFailure extends Error {
  override readonly name = 'FfmpegFailure';
  /**
   * `refused`: it ended by itself, with an error or a crash; `excess`: it wanted more memory, processor time or output
   * than it may have. Both are the input's fault. `late`: it took too long by the clock; `killed`: another program
   * ended it. Both may pass.
   */
  readonly kind: 'refused' | 'excess' | 'late' | 'killed';
  /** The first and the last lines of ffmpeg's log. */
  readonly stderr: string;

  constructor(kind: FfmpegFailure['kind'], message: string, stderr = '') {
    super(message);
    this.kind = kind;
    this.stderr = stderr;
  }
}

/**
 * Runs ffmpeg once, to its end. The only place that starts it, and the only one that knows `fluent-ffmpeg`. Reads and
 * writes nothing but files and pipes, never the terminal; an existing output file is overwritten. Without `output` it
 * cannot write any file.
 * @throws FfmpegFailure for a non-zero exit or a limit; `VideocapError` `MissingTool` without ffmpeg, `Unavailable`
 *   when the disk of `output` takes nothing;
 *   the signal's reason when aborted; the input stream's error.
 */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegResult> {
  run.signal?.throwIfAborted();
  const { path } = await findFfmpeg();
  run.signal?.throwIfAborted();
  const command = commandOf(run, path);
  const started = performance.now();
  let stopped: Error | undefined;
  const stop = (reason: Error) => {
    stopped ??= reason;
    command.kill('SIGKILL');
  };
  const side = run.onSide && sideOutput(command, run.onSide, stop);
  const onAbort = () => stop(abortReason(run.signal!));
  const seconds = run.timeoutSeconds ?? 120;
  const tooLate = () => stop(new FfmpegFailure('late', `ffmpeg did not finish within ${seconds} s`));
  const timer = setTimeout(tooLate, seconds * 1000);
  run.signal?.addEventListener('abort', onAbort, { once: true });
  let said = 0;
  command.on('stderr', (line: string) => {
    said += line.length + 1;
    if (said > MAX_LOG_CHARACTERS) stop(new FfmpegFailure('excess', 'ffmpeg has more than 4 MiB of complaints', line));
  });
  // Killing what has not started yet does nothing.
  command.on('start', () => stopped && command.kill('SIGKILL'));
  try {
    const output = run.output === undefined ? collect(command, run, stop) : undefined;
    const stderr = await new Promise<string>((settle, reject) => {
      command.on('end', (_stdout, stderr) => settle(stderr ?? ''));
      command.on('error', (error: Error, _stdout, stderr) =>
        reject(failureOf(error, path, stderr ?? '', run, started)),
      );
      if (run.output !== undefined) command.save(fileUrl(run.output));
    });
    const stdout = (await output) ?? Buffer.alloc(0);
    await side;
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

function commandOf(run: FfmpegRun, path: string): FfmpegCommand.FfmpegCommand {
  const { command: program, before } = withinLimits(path, {
    memoryBytes: run.memoryBytes ?? MAX_MEMORY,
    computeSeconds: run.computeSeconds,
    fileBytes: run.output === undefined ? 0 : outputLimit(run),
  });
  const command = FfmpegCommand({ stdoutLines: 0 }).setFfmpegPath(program);
  const internal = command as unknown as {
    _checkCapabilities: (done: () => void) => void;
    _spawnFfmpeg: (args: string[], ...rest: unknown[]) => void;
  };
  // Its capability check runs ffmpeg twice more and misreads the tables of current versions; ffmpeg's own errors are
  // better.
  internal._checkCapabilities = (done) => done();
  const spawn = internal._spawnFfmpeg;
  internal._spawnFfmpeg = (args, ...rest) => spawn.call(command, [...before, ...args], ...rest);
  const { input, inputOptions, outputOptions } = ffmpegOptions(run);
  command.input(input).inputOptions(...inputOptions);
  for (const options of run.openedAgain ?? [])
    command.input(input).inputOptions(...ffmpegOptions({ ...run, inputOptions: options }).inputOptions);
  return command.outputOptions(...outputOptions);
}

/** Gives ffmpeg a fourth pipe, beside the three that every program has. Settles once it is read to its end. */
function sideOutput(
  command: FfmpegCommand.FfmpegCommand,
  onSide: (piece: Buffer) => void,
  stop: (reason: Error) => void,
): Promise<void> {
  const internal = command as unknown as { _spawnFfmpeg: (args: string[], ...rest: never[]) => void };
  const spawn = internal._spawnFfmpeg as (...all: unknown[]) => void;
  return new Promise((settle) => {
    internal._spawnFfmpeg = (
      args,
      options: object,
      onProcess: (child: ChildProcess, ...rest: unknown[]) => void,
      onEnd,
    ) => {
      // It asks for the list of encoders in the same way, without watching the process.
      if (onEnd === undefined) return spawn.call(command, args, options, onProcess);
      const listen = (child: ChildProcess, ...rest: unknown[]) => {
        const pipe = child.stdio[3] as Readable;
        pipe.on('data', (piece: Buffer) => {
          try {
            onSide(piece);
          } catch (error) {
            stop(error as Error);
          }
        });
        pipe.on('close', settle);
        pipe.on('error', settle);
        onProcess(child, ...rest);
      };
      spawn.call(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] }, listen, onEnd);
    };
  });
}

/**
 * How ffmpeg is called: the caller's options, and around them what keeps a hostile input to itself. Pure. It logs
 * errors alone: from `info` on it repeats titles and other texts of the file, which look like messages of ffmpeg.
 */
export function ffmpegOptions({ input, inputOptions = [], outputOptions }: FfmpegRun) {
  const isFile = typeof input === 'string';
  return {
    input: isFile ? fileUrl(input) : input,
    inputOptions: [
      ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-max_alloc', String(MAX_ALLOCATION)],
      ...['-filter_threads', '1', '-filter_complex_threads', '1'],
      ...['-protocol_whitelist', isFile ? 'file' : 'pipe'],
      ...(isFile
        ? ['-format_whitelist', CONTAINERS.join(','), '-max_pixels', String(MAX_PIXELS), '-threads', '1']
        : []),
      ...inputOptions,
    ],
    outputOptions: ['-y', '-nostats', ...outputOptions],
  };
}

function outputLimit({ maxOutputBytes, output }: FfmpegRun): number {
  return maxOutputBytes ?? (output === undefined ? 2 ** 30 : 2 ** 36);
}

/** Everything that ffmpeg writes to its standard output. */
function collect(command: FfmpegCommand.FfmpegCommand, run: FfmpegRun, stop: (reason: Error) => void): Promise<Buffer> {
  // fluent-ffmpeg takes the stream's `close` for a broken pipe and kills an ffmpeg that needs 20 ms more to exit.
  const stream = new PassThrough({ emitClose: false });
  const chunks: Buffer[] = [];
  const keep = run.onOutput ?? ((chunk: Buffer) => chunks.push(chunk));
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > outputLimit(run)) stop(tooMuchOutput(run));
    else keep(chunk);
  });
  const all = new Promise<Buffer>((settle) => stream.on('end', () => settle(Buffer.concat(chunks))));
  command.writeToStream(stream, { end: true });
  return all;
}

function tooMuchOutput(run: FfmpegRun): FfmpegFailure {
  return new FfmpegFailure('excess', `ffmpeg wrote more than ${outputLimit(run)} bytes`);
}

/** Absolute and with its protocol, so that no file name can be read as an option, a protocol or a pattern. */
function fileUrl(path: string): string {
  return `file:${resolve(path)}`;
}

function failureOf(
  error: Error & { inputStreamError?: Error },
  path: string,
  log: string,
  run: FfmpegRun,
  started: number,
): Error {
  if (error.inputStreamError) return error.inputStreamError;
  if ((error as NodeJS.ErrnoException).code === 'ENOENT' || /exited with code 12[67]\b/.test(error.message))
    return new VideocapError('MissingTool', `ffmpeg at ${path} is gone; install it again or set FFMPEG_PATH.`);
  const signal = /^ffmpeg was killed with signal (\w+)/.exec(error.message)?.[1];
  // Anything but an exit of ffmpeg itself, such as a machine without free memory or processes, is for the caller's
  // caller.
  if (signal === undefined && !error.message.startsWith('ffmpeg exited')) return error;
  const lines = log.trim().split('\n');
  const stderr = [...lines.slice(0, 12), ...lines.slice(12).slice(-12)].join('\n');
  if (signal === 'SIGXCPU' || OUT_OF_TIME.test(stderr) || (endedBySignal(error) && isUsedUp(run, started)))
    return new FfmpegFailure('excess', `ffmpeg needs more than ${run.computeSeconds} s of computing`, stderr);
  if (signal === 'SIGXFSZ') return tooMuchOutput(run);
  const unwritable = run.output === undefined ? undefined : UNWRITABLE.exec(log)?.[0];
  if (unwritable)
    return new VideocapError(
      'Unavailable',
      `ffmpeg cannot write ${run.output}: ${unwritable.toLowerCase()}; make room there, or set TMPDIR to another ` +
        'folder for its temporary files.',
    );
  if (/Cannot allocate memory/.test(stderr))
    return new FfmpegFailure(
      'excess',
      `ffmpeg needs more than ${(run.memoryBytes ?? MAX_MEMORY) / 2 ** 20} MiB of memory`,
      stderr,
    );
  if (endedBySignal(error)) return new FfmpegFailure('killed', error.message, stderr);
  // No more threads or processes: the machine's trouble.
  if (/Resource temporarily unavailable/.test(stderr)) return new FfmpegFailure('killed', error.message, stderr);
  if (signal !== undefined && !CRASHES.has(signal)) return new FfmpegFailure('killed', error.message, stderr);
  return new FfmpegFailure('refused', error.message, stderr);
}

/** Faults of the disk that ffmpeg writes to. Without an output file these words can only come from the video. */
const UNWRITABLE = /No space left on device|Disk quota exceeded|Read-only file system/;

/** What ffmpeg says when it does not stop at the signal that its processor time is up, sent again every second. */
const OUT_OF_TIME = /Received > 3 system signals/;

/** ffmpeg ends in order at SIGXCPU, SIGTERM and SIGINT, and then exits with this status. */
function endedBySignal(error: Error): boolean {
  return /^ffmpeg exited with code 255\b/.test(error.message);
}

/** Whether the run can have taken the processor time that it may take, on all cores at once. */
function isUsedUp({ computeSeconds = Number.POSITIVE_INFINITY }: FfmpegRun, started: number): boolean {
  return (performance.now() - started) / 1000 >= computeSeconds / availableParallelism();
}

/** Signals that a program sends itself by what it does. */
const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS']);

function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
}
