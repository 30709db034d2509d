import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { VideocapError } from '../../core/errors.ts';
import type { Checkpoint, PinnedFile } from '../../core/policy-engine.ts';
import { withoutSecretVariables } from '../../core/secret-variables.ts';
import type { CallOptions } from '../../core/thread-calls.ts';
import { type Answer, RankAnswers } from './rank-answers.ts';

export interface GroupOptions {
  /** The interpreter of the engine's environment. */
  python: string;
  /** Folder of the package `videocap_torch`. */
  packageFolder: string;
  ranks: number;
}

/** How long a group may take to start: it imports torch, and connects its ranks. */
const START_MILLISECONDS = 300_000;
/** The last lines that a group wrote to stderr, for the error when it dies. */
const LINES_KEPT = 20;

/**
 * A group of processes that `torchrun` starts, each with a part of the model, and the connection to the first of them.
 * It answers one request at a time. When one process dies, or a request is given up, all of them end at once, and the
 * group is of no further use: the caller starts another.
 */
export class RankGroup {
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #answers: RankAnswers;
  readonly #lastLines: string[];
  #ended = false;

  /** @throws VideocapError `Unavailable` when it does not start. */
  static async start(options: GroupOptions, signal?: AbortSignal): Promise<RankGroup> {
    const folder = await mkdtemp(join(tmpdir(), 'vcr-'));
    await chmod(folder, 0o700);
    const server = createServer();
    const lastLines: string[] = [];
    try {
      const path = join(folder, 's');
      server.listen(path);
      await once(server, 'listening');
      const process = launch(options, path, lastLines);
      const connection = Promise.race([
        once(server, 'connection', { signal: AbortSignal.timeout(START_MILLISECONDS) }),
        once(process, 'exit').then(([code]) => {
          throw new VideocapError('Unavailable', ended(`with code ${code}`, lastLines));
        }),
        ...(signal ? [once(signal, 'abort').then(() => Promise.reject(signal.reason))] : []),
      ]);
      const [socket] = (await connection.catch((error) => {
        killGroup(process);
        throw error;
      })) as [Socket];
      const group = new RankGroup(process, socket, lastLines);
      await group.#next();
      return group;
    } finally {
      server.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  private constructor(process: ChildProcess, socket: Socket, lastLines: string[]) {
    this.#process = process;
    this.#socket = socket;
    this.#lastLines = lastLines;
    this.#answers = new RankAnswers(socket);
    process.once('exit', () => this.#end());
  }

  /** Whether it can take requests. */
  get isAlive(): boolean {
    return !this.#ended;
  }

  /** @throws what the group answers; VideocapError `Unavailable` when it dies; the signal's reason. */
  async call(method: string, params: unknown, { onProgress, signal }: CallOptions = {}): Promise<unknown> {
    signal?.throwIfAborted();
    const abort = () => this.kill();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#socket.write(`${JSON.stringify({ method, params })}\n`);
      for (;;) {
        const answer = await this.#next();
        if ('progress' in answer) onProgress?.(answer.progress);
        else if ('result' in answer) return answer.result;
        else throw new VideocapError(answer.error.code, answer.error.message);
      }
    } catch (error) {
      signal?.throwIfAborted();
      // After another error the ranks may no longer agree on what comes next.
      if (error instanceof VideocapError && error.code === 'Unavailable') this.kill();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** What the ranks write beside other work. Throws as `RankAnswers.filesIn`. */
  filesIn(folder: string): Promise<Checkpoint<PinnedFile>> {
    return this.#answers.filesIn(folder);
  }

  /** Ends all processes at once: a rank ends with the launcher. */
  kill(): void {
    killGroup(this.#process);
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#answers.end(); // a socket that is destroyed here ends no line, and a call would wait for the next one
    this.#socket.destroy();
  }

  async #next(): Promise<Answer> {
    const answer = await this.#answers.next();
    if (answer) return answer;
    throw new VideocapError('Unavailable', ended('before it answered', this.#lastLines));
  }
}

function launch({ python, packageFolder, ranks }: GroupOptions, socket: string, lastLines: string[]): ChildProcess {
  const launcher = ['-m', 'torch.distributed.run', '--standalone', '--max-restarts=0', '--nproc-per-node', `${ranks}`];
  const child = spawn(python, [...launcher, '-m', 'videocap_torch.engine', socket], {
    cwd: packageFolder,
    env: { OMP_NUM_THREADS: '1', ...withoutSecretVariables(process.env) },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // a process group of its own, so that it can be ended as a whole
  });
  createInterface({ input: child.stderr! }).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > LINES_KEPT) lastLines.shift();
  });
  return child;
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

/** Python's last line says what went wrong; the launcher's own lines come after it. */
function ended(how: string, lines: readonly string[]): string {
  const reason = lines.findLast((line) => /^(\[rank\d+\]: )?\w*(Error|Exception)\b.*: /.test(line));
  return `The torch engine's processes ended ${how}${reason ? `: ${reason.replace(/^\[rank\d+\]: /, '')}` : ''}.`;
}
