import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { readSettings } from '../../workers/settings.ts';
import { workflowBundle } from '../integration/temporal-server.ts';
import { SWEEP, scriptedStages, updated } from '../integration/workflows/scripted-stages.ts';
import type { Stages } from '../integration/workflows/stage-contracts.ts';

/** A stage that an engine has begun: one line of standard output. */
export interface Begun {
  run: string;
  stage: string;
  user: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Milliseconds since it could have begun. */
  waited: number;
}

/** Engines: each computes one stage at a time. */
const ENGINES = 2;
/** How long each of their stages takes, in milliseconds. */
const STAGE = 1000;

/** The real workflows and queues, with engines that compute nothing, each for a second. */
const usual = scriptedStages([]);
const computing = <N extends 'loadPolicy' | 'rolloutGroups' | 'updatePolicy' | 'captionClips'>(stage: N): Stages[N] =>
  (async (input: never) => {
    const { info } = Context.current();
    const at = Date.now();
    const run = info.workflowExecution!.workflowId;
    const user = info.priority?.fairnessKey ?? '';
    const begun: Begun = { run, stage, user, at, waited: at - info.currentAttemptScheduledTimestampMs };
    process.stdout.write(`${JSON.stringify(begun)}\n`);
    await sleep(STAGE);
    return stage === 'updatePolicy' ? updated((input as { step: number }).step) : usual[stage](input);
  }) as unknown as Stages[N];

const arms = ['sft', 'grpo'].map((kind) => ({
  ...{ name: kind, set: { 'algorithm.kind': kind }, calls: 0, steps: 100 },
  seeds: Array.from({ length: 12 }, (_, i) => i + 1),
}));
const activities = scriptedStages([], {
  loadPolicy: computing('loadPolicy'),
  rolloutGroups: computing('rolloutGroups'),
  updatePolicy: computing('updatePolicy'),
  captionClips: computing('captionClips'),
  resolveSweep: () => ({ plan: { ...SWEEP, arms, concurrency: 24, set: { 'algorithm.steps': 100 } } }),
});

const { connection: target } = readSettings().temporal;
const connection = await NativeConnection.connect(target);
const shared = { connection, activities };
const workers = await Promise.all([
  Worker.create({ ...shared, taskQueue: 'videocap', workflowBundle: await workflowBundle() }),
  ...['media', 'judge'].map((taskQueue) => Worker.create({ ...shared, taskQueue })),
  Worker.create({ ...shared, taskQueue: 'policy-onnx', maxConcurrentActivityTaskExecutions: ENGINES }),
]);
const running = Promise.all(workers.map((worker) => worker.run()));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await running;
