import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { WEIGHTS_ELSEWHERE } from '../../../contracts/held-by.ts';
import { startTemporal } from '../temporal-server.ts';
import { runScripted } from './run-scripted.ts';
import { policyAt, RULE_BASED, ref, SWEEP, scriptedStages, suiteScored, updated } from './scripted-stages.ts';
import type { Stages } from './stage-contracts.ts';

/**
 * `npm run histories`: records a history per scenario for the replay test. Run it when a workflow changed on purpose
 * and no run depends on the old one; else old histories stay, and `patched()` keeps them valid. `-- ablationSweep`
 * records those alone whose names begin with that.
 */
interface Scenario {
  name: string;
  type: string;
  input: object;
  /** Said to the run while the given step is at its update. */
  at?: Record<number, (handle: WorkflowHandle) => Promise<unknown>>;
  /** Done to it from outside. */
  during?: (handle: WorkflowHandle) => Promise<unknown>;
  stages?: () => Partial<Stages>;
}

/** Until the run is in a stage. */
async function reaches(handle: WorkflowHandle, stage: string): Promise<void> {
  while ((await handle.query<{ stage: string }>('status')).stage !== stage)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

const SCENARIOS: Scenario[] = [
  { name: 'trainingRun.grpo', type: 'trainingRun', input: { overrides: { 'algorithm.steps': 3 } } },
  { name: 'trainingRun.sft', type: 'trainingRun', input: { overrides: { 'algorithm.kind': 'sft' } } },
  {
    name: 'trainingRun.rollout-lag',
    type: 'trainingRun',
    input: {},
    stages: () => ({
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 4, samplesPerStep: 2, rolloutLag: 1 },
          sampling: { groupSize: 2 },
          benchmark: { everySteps: 2 },
        }),
      }),
    }),
  },
  {
    name: 'trainingRun.parts',
    type: 'trainingRun',
    input: {},
    stages: () => ({
      resolveConfig: () => ({
        config: ExperimentConfig.parse({
          algorithm: { steps: 3, samplesPerStep: 4, samplesPerPart: 2, rolloutLag: 1 },
          sampling: { groupSize: 2 },
          benchmark: { everySteps: 2 },
        }),
      }),
    }),
  },
  {
    // Two workers of one engine, with queues of their own, of which the first is once busy with another run. Every
    // scripted worker has every stage.
    name: 'trainingRun.near-weights',
    type: 'trainingRun',
    input: { overrides: { 'algorithm.steps': 3 } },
    stages: () => {
      let queue = 'media';
      const heldBy = () => ({ heldBy: { queue } });
      return {
        loadPolicy: () => ({ policy: policyAt(0), ...heldBy() }),
        captionClips: () => ({ captions: ref('captions'), seconds: 1, ...heldBy() }),
        rolloutGroups: () => ({
          ...{ rollout: ref('rollout'), completions: 4, tokens: 40, meanLength: 10, truncated: 0, seconds: 1 },
          ...heldBy(),
        }),
        updatePolicy: ({ step }) => {
          if (step === 2 && queue === 'media') {
            queue = 'judge';
            throw ApplicationFailure.nonRetryable('Its engine is busy.', WEIGHTS_ELSEWHERE);
          }
          return { ...updated(step), ...heldBy() };
        },
        exportPolicy: () => ({ folder: '/models/trained', ...heldBy() }),
      };
    },
  },
  { name: 'trainingRun.wrong-input', type: 'trainingRun', input: { confg: 'quickstart' } },
  { name: 'trainingRun.resumed', type: 'trainingRun', input: { resume: { run: 'ended' } } },
  {
    name: 'trainingRun.forked',
    type: 'trainingRun',
    input: { fork: { run: 'parent', step: 4 }, overrides: { 'algorithm.beta': 0.1 } },
    stages: () => ({
      forkProgress: async () => ({ progress: await progressAt(4, 6) }),
    }),
  },
  {
    // The parent did not write down with what it measured: the base is measured again.
    name: 'trainingRun.forked-measured-again',
    type: 'trainingRun',
    input: { fork: { run: 'parent', step: 4 } },
    stages: () => ({
      forkProgress: async () => ({
        progress: { ...(await progressAt(4, 6)), mirroredStep: -1, forkedFrom: { run: 'parent', step: 4 } },
      }),
    }),
  },
  {
    name: 'trainingRun.messages',
    type: 'trainingRun',
    input: { overrides: { 'algorithm.steps': 50 } },
    at: {
      1: (handle) => handle.executeUpdate('setLimits', { args: [{ judgeBudgetUsd: 5, maxSteps: 40 }] }),
      2: (handle) => handle.signal('pause'),
      3: (handle) => handle.signal('stop'),
    },
    during: async (handle) => {
      await reaches(handle, 'paused');
      await handle.signal('resume');
    },
  },
  {
    name: 'trainingRun.blocked',
    type: 'trainingRun',
    input: {},
    during: async (handle) => {
      await reaches(handle, 'paused: judge');
      await handle.signal('resume');
    },
    stages: () => {
      let asked = 0;
      return {
        judgeCompletions: (input) => {
          if (++asked === 1) throw ApplicationFailure.nonRetryable('The key is wrong: set another.', 'JudgeBlocked');
          return scriptedStages([]).judgeCompletions(input);
        },
      };
    },
  },
  {
    name: 'trainingRun.cancelled',
    type: 'trainingRun',
    input: { overrides: { 'algorithm.steps': 50 } },
    at: { 3: (handle) => handle.cancel() },
  },
  {
    name: 'trainingRun.failed',
    type: 'trainingRun',
    input: {},
    stages: () => ({
      prepareDataset: () => {
        throw ApplicationFailure.nonRetryable('Line 3 has no caption.', 'InvalidDataset');
      },
    }),
  },
  { name: 'trainingRun.continued', type: 'trainingRun', input: { overrides: { 'algorithm.steps': 7 } } },
  { name: 'ablationSweep.arms', type: 'ablationSweep', input: { sweep: 'two-arms' } },
  {
    name: 'ablationSweep.messages',
    type: 'ablationSweep',
    input: { sweep: 'two-arms' },
    at: {
      // Every run comes here: the second time, the sweep has the arm.
      1: (handle) => handle.executeUpdate('addArm', { args: [{ name: 'beta', seeds: [7] }] }).catch(() => undefined),
      2: (handle) => handle.executeUpdate('stopArm', { args: ['grpo'] }),
    },
  },
  {
    name: 'ablationSweep.halving',
    type: 'ablationSweep',
    input: { sweep: 'two-arms' },
    stages: () => ({
      resolveSweep: () => {
        const [sft, grpo] = SWEEP.arms;
        const halving = { atSteps: [1], keep: 0.5, stopped: [] };
        return { plan: { ...SWEEP, halving, arms: [sft!, grpo!, { ...grpo!, name: 'beta' }] } };
      },
    }),
  },
  { name: 'benchmarkRun.base', type: 'benchmarkRun', input: { checkpoint: 'tiny' } },
  {
    name: 'benchmarkRun.dream1k',
    type: 'benchmarkRun',
    input: {
      ...{ suite: 'dream1k', checkpoint: 'tiny', overrides: { 'judge.kind': 'llm' } },
      ...{ annotations: '/DREAM-1k.jsonl', videos: '/videos' },
    },
    stages: () => ({
      prepareSuite: () => ({ items: ref('items'), manifests: [ref('part-1'), ref('part-2')], clips: 10, missing: 0 }),
      scoreSuite: () =>
        suiteScored({ counts: { items: 10, scored: 10, withoutCaption: 0, unscorable: 0, missing: 0 } }),
    }),
  },
  {
    name: 'datasetAnnotation',
    type: 'datasetAnnotation',
    input: { dataset: '/captions.jsonl', output: '/annotated.jsonl', overrides: { 'judge.kind': 'llm' } },
  },
];

/** A run's state after a step, as `forkProgress` gives it. */
async function progressAt(step: number, steps: number) {
  const { config } = await scriptedStages([]).resolveConfig({ overrides: { 'algorithm.steps': steps } });
  const base = { step: 0, metrics: { eventF1: 50 }, captions: ref('c'), details: ref('d'), judge: RULE_BASED };
  return {
    ...{ config, startTime: 1, step, policy: policyAt(step), reference: policyAt(0), mirroredStep: step },
    ...{ lastMetrics: {}, spent: { usd: 0, calls: 0 }, limits: {} },
    evaluations: [{ ...base, policy: policyAt(0) }],
  };
}

const repository = fileURLToPath(new URL('../../../', import.meta.url));

async function record({ name, type, input, at = {}, during, stages }: Scenario, longHistories: boolean): Promise<void> {
  const environment = longHistories
    ? await startTemporal('--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=150')
    : await startTemporal();
  try {
    let handle: WorkflowHandle | undefined;
    const scripted = scriptedStages([], {
      updatePolicy: async ({ step }) => {
        while (!handle) await new Promise((resolve) => setTimeout(resolve, 10));
        await at[step]?.(handle);
        return updated(step);
      },
      ...stages?.(),
    });
    await runScripted(environment, type, [input], scripted, async (started) => {
      handle = started;
      await during?.(started);
      await started.result().catch(() => undefined);
      for (let runId: string | undefined = started.firstExecutionRunId, part = 1; runId; part++) {
        const history = await environment.client.workflow.getHandle(started.workflowId, runId).fetchHistory();
        runId = history.events!.at(-1)!.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
        const file = longHistories ? `${name}-${part}` : name;
        const path = fileURLToPath(new URL(`../../histories/${file}.json`, import.meta.url));
        // Stack traces name the folder this was recorded in.
        writeFileSync(path, `${historyToJSON(history).replaceAll(repository, '')}\n`);
        console.log(`${file}: ${history.events!.length} events`);
      }
    });
  } finally {
    await environment.teardown();
  }
}

const [, , only = ''] = process.argv;
for (const scenario of SCENARIOS.filter(({ name }) => name.startsWith(only)))
  await record(scenario, scenario.name === 'trainingRun.continued');
