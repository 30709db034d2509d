import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createRecordActivities } from '../../../activities/record.ts';
import { createConfigActivities } from '../../../activities/resolve-config.ts';
import { createProgressActivities } from '../../../activities/run-progress.ts';
import { findInstallation } from '../../../cli/installation.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { everyQueue } from '../workflows/every-queue.ts';
import { benchmarked, scriptedStages, updated } from '../workflows/scripted-stages.ts';
import type { StageInput, Stages } from '../workflows/stage-contracts.ts';

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/**
 * A real Temporal server with workers in this process, and the command beside them. Configs, records, states,
 * checkpoints and what a benchmark leaves are real and lie in a store; models are scripted, and wait before a step
 * where a test wants them to.
 */
export class ScriptedWorld {
  readonly home: string;
  readonly store: ArtifactStore;
  readonly environment: TestWorkflowEnvironment;
  /** Updates that were made: `<workflow id> <step>`. */
  readonly updates: string[] = [];
  readonly #holds = new Map<string, number>();
  readonly #workers: Promise<void>[] = [];
  readonly #stop: (() => void)[] = [];

  private constructor(home: string, environment: TestWorkflowEnvironment) {
    this.home = home;
    this.store = new ArtifactStore(join(home, 'store'));
    this.environment = environment;
  }

  /** @param overrides stages in place of scripted ones. @param serverArgs of the Temporal server. */
  static async start(
    overrides: (store: ArtifactStore) => Partial<Stages> = () => ({}),
    serverArgs: string[] = [],
  ): Promise<ScriptedWorld> {
    const home = await mkdtemp(join(tmpdir(), 'videocap-home-'));
    // What set-up finds there it does not install again.
    await symlink(join(findInstallation().home, 'models'), join(home, 'models'));
    const world = new ScriptedWorld(home, await startTemporal(...serverArgs));
    await world.#work(overrides(world.store));
    return world;
  }

  async #work(overrides: Partial<Stages>): Promise<void> {
    const { store, home } = this;
    const activities = scriptedStages([], {
      ...createConfigActivities({ store, home }),
      ...createRecordActivities({ store }),
      ...createProgressActivities({ store, home }),
      loadPolicy: () => this.#checkpoint('start', 0),
      updatePolicy: (input) => this.#update(input),
      captionClips: async () => ({ captions: await store.put('captions.json', '[]'), seconds: 1 }),
      scoreBenchmark: async () => benchmarked({ details: await store.put('details.json', '[]') }),
      ...overrides,
    });
    const interceptors = { activity: [(context: Context) => ({ inbound: new ActivityRuntime(context) })] };
    const shared = { connection: this.environment.nativeConnection, activities, interceptors };
    const workflows = { taskQueue: 'videocap', workflowBundle: await workflowBundle() };
    for (const worker of await everyQueue(workflows, shared)) {
      this.#workers.push(worker.run());
      this.#stop.push(() => worker.shutdown());
    }
  }

  /** Like the engine: keeps the checkpoints of every `keepEvery` steps and of the last two. */
  async #update({ runKey, step, keepEvery }: StageInput<'updatePolicy'>) {
    const { workflowId } = Context.current().info.workflowExecution!;
    while (step > (this.#holds.get(workflowId) ?? Number.POSITIVE_INFINITY)) await Context.current().sleep(20);
    const { policy } = await this.#checkpoint(runKey, step);
    await this.store.put(keyOf('update', { runKey, step }), '{}');
    const old = step - 2;
    if (old > 0 && (keepEvery === 0 || old % keepEvery !== 0)) await this.store.remove(checkpointKey(runKey, old));
    this.updates.push(`${workflowId} ${step}`);
    return { ...updated(step), policy };
  }

  async #checkpoint(runKey: string, step: number) {
    const weights = await this.store.put(checkpointKey(runKey, step), `weights of step ${step}`);
    return { policy: { model: 'tiny', step, weights } };
  }

  /** The run waits before the update of the step after this one, until `release`. */
  hold(workflowId: string, step: number): void {
    this.#holds.set(workflowId, step);
  }

  release(workflowId: string): void {
    this.#holds.delete(workflowId);
  }

  /** Starts a run that is benchmarked, and keeps its checkpoint, every second step. */
  start(workflowId: string, steps: number, overrides: object = {}): Promise<WorkflowHandleWithFirstExecutionRunId> {
    const set = { 'algorithm.steps': steps, 'benchmark.everySteps': 2, 'checkpoints.keepEvery': 2, ...overrides };
    return this.environment.client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId },
      args: [{ config: 'quickstart', overrides: set }],
    });
  }

  stepsOf(workflowId: string): number[] {
    return this.updates.filter((made) => made.startsWith(`${workflowId} `)).map((made) => Number(made.split(' ')[1]));
  }

  /** Runs the command as a person does, in a process of its own. */
  async videocap(
    args: string[],
    env: NodeJS.ProcessEnv = {},
    during: (child: ChildProcess, stdout: string) => void = () => undefined,
  ): Promise<Ended> {
    const address = { TEMPORAL_ADDRESS: this.environment.address, TEMPORAL_UI_URL: undefined };
    const child = spawn(process.execPath, [CLI, ...args], {
      env: { ...process.env, ...address, VIDEOCAP_HOME: this.home, ...env },
      cwd: this.home,
    });
    const ended: Ended = { code: null, stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      ended.stdout += chunk;
      during(child, ended.stdout);
    });
    child.stderr.on('data', (chunk) => {
      ended.stderr += chunk;
    });
    ended.code = await new Promise((resolve) => child.once('close', resolve));
    return ended;
  }

  async end(): Promise<void> {
    this.#holds.clear();
    for (const stop of this.#stop) stop();
    await Promise.all(this.#workers);
    await this.environment.teardown();
    await rm(this.home, { recursive: true, force: true });
  }
}

const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));

function checkpointKey(runKey: string, step: number): string {
  return `runs/${runKey}/checkpoints/step-${step}`;
}
