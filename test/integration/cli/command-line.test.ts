import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInstallation } from '../../../cli/installation.ts';
import { misplacedSentence } from '../../../cli/run/misplaced-runs.ts';
import type { ServiceState } from '../../../cli/servers/service-state.ts';
import { START_TEMPLATES, TEMPLATE_RESULT } from '../../../contracts/start-template.ts';

const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));
let home: string;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command as a person does, in a process of its own. */
async function videocap(
  args: string[],
  { env = {}, during }: { env?: NodeJS.ProcessEnv; during?: (child: ChildProcess, stderr: () => string) => void } = {},
): Promise<Ended> {
  const workers = fileURLToPath(new URL('scripted-workers.ts', import.meta.url));
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, VIDEOCAP_HOME: home, VIDEOCAP_WORKERS: workers, ...env },
    cwd: home,
  });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    ended.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ended.stderr += chunk;
    during?.(child, () => ended.stderr);
  });
  ended.code = await new Promise((resolve) => child.once('close', resolve));
  return ended;
}

async function json<T>(args: string[]): Promise<T> {
  const { stdout, stderr, code } = await videocap([...args, '--json']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

async function services(): Promise<ServiceState['services']> {
  return (JSON.parse(await readFile(join(home, 'services.json'), 'utf8')) as ServiceState).services;
}

interface Up {
  temporal: string;
  temporalUi: string;
  mlflow: string;
  forms: { type: string; link: string }[];
  questions: { question: string; link: string }[];
  misplaced: string[];
}
let up: Up;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-home-'));
  await mkdir(home, { recursive: true });
  await symlink(join(findInstallation().home, 'models'), join(home, 'models'));
  up = await json<Up>(['up']);
}, 300_000);

afterAll(async () => {
  await videocap(['down']);
  await rm(home, { recursive: true, force: true });
});

describe('up', () => {
  it('starts a Temporal server with its UI, an MLflow server and workers', async () => {
    expect((await fetch(up.temporalUi)).ok).toBe(true);
    expect(await (await fetch(`${up.mlflow}/health`)).text()).toBe('OK');
    expect(Object.keys(await services()).sort()).toEqual(['mlflow', 'temporal', 'temporal-ui', 'workers']);
  });

  it('keeps finished runs for a month', async () => {
    const connection = await Connection.connect({ address: up.temporal });
    const { config } = await connection.workflowService.describeNamespace({ namespace: 'default' });
    await connection.close();
    expect(config?.workflowExecutionRetentionTtl?.seconds?.toNumber()).toBe(30 * 24 * 3600);
  });

  it('puts a template of each workflow type there, and prints links that open the start form from it', async () => {
    const connection = await Connection.connect({ address: up.temporal });
    const client = new Client({ connection });
    for (const { type, link } of up.forms) {
      const runId = new URL(link).searchParams.get('runId')!;
      const handle = client.workflow.getHandle(`template-${type}`, runId);
      expect(await handle.result()).toBe(TEMPLATE_RESULT);
      expect((await handle.describe()).type).toBe(type);
    }
    await connection.close();
    expect(up.forms.map(({ type }) => type)).toEqual(Object.keys(START_TEMPLATES));
    expect((await json<Pick<Up, 'forms' | 'questions'>>(['start-forms'])).forms).toEqual(up.forms);
    // They are no runs of the user.
    expect((await json<{ runs: { type: string }[] }>(['status'])).runs).toEqual([]);
  });

  it('and status name a run in a task queue that no worker serves', async () => {
    expect(up.misplaced).toEqual([]);
    const connection = await Connection.connect({ address: up.temporal });
    const { workflow } = new Client({ connection });
    await workflow.start('trainingRun', { taskQueue: 'video-cap', workflowId: 'lost', args: [{}] });
    const sentence = misplacedSentence('lost', 'video-cap');
    await expect.poll(async () => (await json<Up>(['up'])).misplaced).toEqual([sentence]);
    expect((await videocap(['status'])).stdout).toContain(sentence);
    expect((await videocap(['status', 'lost'])).stderr).toContain(sentence);
    await workflow.getHandle('lost').terminate();
    await connection.close();
  });

  it('called again, leaves everything as it is', async () => {
    const before = await services();
    expect(await json(['up'])).toEqual(up);
    expect(await services()).toEqual(before);
  });

  it('is reached from this machine only', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address?.family === 'IPv4' && !address.internal);
    for (const address of outside)
      for (const url of [`http://${up.temporal}`, up.temporalUi, up.mlflow])
        await expect(reached(address!.address, Number(new URL(url).port))).resolves.toBe(false);
  });

  it('refuses to move a running server to another port', async () => {
    const { code, stderr } = await videocap(['up'], { env: { VIDEOCAP_MLFLOW_PORT: '1' } });
    expect(code).toBe(1);
    expect(stderr.trim()).toBe(
      `VIDEOCAP_MLFLOW_PORT asks for port 1, but that server runs on ${new URL(up.mlflow).port}; stop it first ` +
        '(videocap down), or unset the variable.',
    );
  });
});

describe('run', () => {
  it('runs an experiment to its end and gives its result to scripts', async () => {
    const result = await json<{ workflowId: string; summary: unknown; links: Record<string, string> }>([
      ...['run', 'quickstart', '--set', 'algorithm.steps=3'],
    ]);
    expect(result.workflowId).toMatch(/^quickstart-\d{8}-\d{6}-[0-9a-f]{4}$/);
    expect(result.summary).toMatchObject({ steps: 3, base: { step: 0 }, trained: { step: 3 } });
    expect(result.links).toEqual({
      temporal: expect.stringMatching(`^${up.temporalUi}/namespaces/default/workflows/${result.workflowId}/`),
      mlflow: 'http://127.0.0.1/m',
      report: join(home, 'store', 'report.html'),
    });
    expect(await json(['status', result.workflowId])).toMatchObject({ state: 'completed', result: { steps: 3 } });
  });

  it('starts a killed worker again, and the run continues to its end', async () => {
    let killed = false;
    const before = (await services()).workers!;
    const { code, stdout, stderr } = await videocap(['run', 'quickstart', '--set', 'algorithm.steps=12'], {
      during: (_, stderr) => {
        if (killed || !/step [1-9]\d*\/12/.test(stderr())) return;
        killed = true;
        process.kill(before.pid, 'SIGKILL');
      },
    });
    expect({ code, killed }).toEqual({ code: 0, killed: true });
    expect(stderr).toContain('Restarted workers; the run continues.');
    expect(stdout).toContain('event F1           50.0      50.0     +0.0');
    expect((await services()).workers!.pid).not.toBe(before.pid);
  });

  it('keeps the run active after Ctrl-C, and says how to come back', async () => {
    let interrupted = false;
    const { code, stderr } = await videocap(['run', 'quickstart', '--set', 'algorithm.steps=500'], {
      during: (child, stderr) => {
        if (interrupted || !/step [1-9]\d*\/500/.test(stderr())) return;
        interrupted = true;
        child.kill('SIGINT');
      },
    });
    expect(code).toBe(130);
    const workflowId = /Run (\S+) continues in the background/.exec(stderr)![1]!;
    expect(stderr).toContain(`videocap status ${workflowId} --watch`);
    expect(await json(['status', workflowId])).toMatchObject({ state: 'running', status: { totalSteps: 500 } });

    expect((await videocap(['stop', workflowId])).stdout).toContain('will stop after its current step');
    const watched = await videocap(['status', workflowId, '--watch']);
    expect(watched.code).toBe(0);
    expect((await videocap(['status'])).stdout).toContain(workflowId);
  });

  it('reports a wrong config before anything starts', async () => {
    const { code, stderr } = await videocap(['run', 'quickstart', '--set', 'algorithm.steps=-1']);
    expect(code).toBe(1);
    expect(stderr).toBe('override algorithm.steps=-1: algorithm.steps is -1; set a number of at least 0.\n');
  });

  it('says when there is no such run', async () => {
    const { code, stderr } = await videocap(['status', 'nothing']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'There is no run nothing; list the runs with: videocap status\n',
    });
  });
});

describe('quickstart', () => {
  it('shows the table, and leaves the same result for scripts', async () => {
    const { code, stdout } = await videocap(['quickstart', '--set', 'algorithm.steps=2']);
    expect(code).toBe(0);
    expect(stdout).toContain('event F1           50.0      50.0     +0.0');
    const result = JSON.parse(await readFile(join(home, 'quickstart.json'), 'utf8'));
    expect(result).toMatchObject({
      base: { eventF1: 50 },
      trained: { eventF1: 50 },
      checkpoint: { sha256: '0'.repeat(64), step: 2, folder: '/models/trained' },
      links: { temporal: expect.stringContaining(result.workflowId), report: join(home, 'store', 'report.html') },
    });
    expect(Object.keys(result.seconds)).toEqual(['npm', 'setUp', 'services', 'experiment', 'total']);
  });
});

it('--version prints the version', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  expect(await videocap(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

describe('down', () => {
  it('stops everything, and does nothing the second time', async () => {
    expect(await json(['down'])).toEqual({ stopped: ['temporal', 'temporal-ui', 'mlflow', 'workers'] });
    expect(await json(['down'])).toEqual({ stopped: [] });
    expect(await services()).toEqual({});
    for (const url of [`http://${up.temporal}`, up.temporalUi, up.mlflow])
      expect(await reached('127.0.0.1', Number(new URL(url).port))).toBe(false);
  });
});

function reached(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const answer = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
