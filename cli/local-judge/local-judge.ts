import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { Installation } from '../installation.ts';
import { localJudgeEnvironment } from './install.ts';
import { LOCAL_MODEL, localModelFolder } from './model.ts';

/** A local language model behind an OpenAI-compatible endpoint. */
export interface LocalJudge {
  /** What `judge.baseUrl` takes. */
  baseUrl: string;
  /** What `judge.model` takes. */
  model: string;
  /** Resolves when the server has ended, with its last output if it ended by itself. */
  ended: Promise<{ unexpected?: string }>;
  stop(): Promise<void>;
}

export interface LocalJudgeOptions {
  /** 0: any free port. */
  port?: number;
  /**
   * By default one core stays free: llama.cpp's threads wait for each other, and are very slow if other processes
   * use the same cores.
   */
  threads?: number;
  /** Questions at a time; set `judge.concurrency` to the same number. */
  slots?: number;
}

const SERVE = fileURLToPath(new URL('serve.py', import.meta.url));
const STOP_MILLISECONDS = 3000;
const LAST_LINES = 10;

/**
 * Starts the local judge on this machine's loopback address, and returns once it answers. It ends when the process that
 * started it ends.
 * @throws VideocapError `CorruptArtifact` when the model is another one, `MissingTool` when the server does not
 *   start.
 */
export async function startLocalJudge(
  installation: Installation,
  { port = 0, threads = Math.max(1, Math.min(8, availableParallelism() - 1)), slots = 2 }: LocalJudgeOptions = {},
): Promise<LocalJudge> {
  const model = join(localModelFolder(installation.home), LOCAL_MODEL.file.name);
  await checkModel(model);
  const numbers = [port, threads, slots, LOCAL_MODEL.contextTokens].map(String);
  const args = [SERVE, model, LOCAL_MODEL.name, ...numbers];
  const child = spawn(localJudgeEnvironment(installation).bin('python'), args, { stdio: 'pipe' });
  const said: string[] = [];
  createInterface(child.stderr).on('line', (line) => said.push(line) > LAST_LINES && said.shift());
  const closed = new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('close', () => resolve(said.join('\n')));
  });
  let stopping = false;
  const stop = async () => {
    stopping = true;
    child.stdin.destroy();
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MILLISECONDS);
    await closed;
    clearTimeout(timer);
  };
  const address = await Promise.race([firstLine(child.stdout), closed.then(() => undefined)]);
  if (address === undefined)
    throw new VideocapError('MissingTool', `The local judge did not start. It said:\n${await closed}`);
  return {
    baseUrl: `${(JSON.parse(address) as { address: string }).address}/v1`,
    model: LOCAL_MODEL.name,
    ended: closed.then((last) => (stopping ? {} : { unexpected: last })),
    stop,
  };
}

async function checkModel(path: string): Promise<void> {
  const found = await sha256OfFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new VideocapError('MissingTool', `The local judge's model ${path} is missing; run: npm run judge:local`);
  });
  if (found !== LOCAL_MODEL.file.sha256)
    throw new VideocapError(
      'CorruptArtifact',
      `${path} is not the file it should be: its sha256 is ${found}, expected ${LOCAL_MODEL.file.sha256}. Remove ` +
        'it and run: npm run judge:local',
    );
}

/** The first line a program prints; `undefined` when it prints none before its output ends. */
function firstLine(stream: NodeJS.ReadableStream): Promise<string | undefined> {
  const lines = createInterface(stream);
  return new Promise((resolve) => {
    lines.once('line', resolve);
    lines.once('close', () => resolve(undefined));
  });
}
