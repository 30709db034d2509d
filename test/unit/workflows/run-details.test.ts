import { expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSnapshot } from '../../../contracts/run-state.ts';
import { runDetails } from '../../../workflows/run-details.ts';

const REF = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const POLICY = { model: 'tiny', step: 0, weights: REF };
const MLFLOW = 'http://mlflow/#/experiments/1/runs/a';
const execution = { namespace: 'default', workflowType: 'trainingRun', runId: '01a2', repeatable: true };

const evaluationAt = (step: number) => ({
  ...{ step, captions: REF, details: REF, policy: POLICY, judge: { model: 'm', prompts: [] } },
  metrics: { eventF1: 60 + step, actionF1: 70, objectF1: 80 },
});

type Shown = Parameters<typeof runDetails>[1];

function detailsOf(more: Partial<RunSnapshot> = {}, shown: Partial<Shown> = {}): string {
  const snapshot: RunSnapshot = {
    ...{ runKey: 'r', startTime: 0, step: 12, mirroredStep: 11, recordedStep: 12, limits: {} },
    config: ExperimentConfig.parse({ algorithm: { steps: 60 } }),
    evaluations: [evaluationAt(0), evaluationAt(10)],
    lastMetrics: {
      'reward/mean': 2.1317,
      'reward/format': 1,
      'reward/think': 0.61,
      'train/loss': 0.00012,
      'train/kl': 0,
    },
    spent: { usd: 0, calls: 0 },
    secondsPerStep: 4.1,
    ...more,
  };
  const defaults = { totalSteps: 60, stage: 'rollout', waiting: { paused: false }, spent: snapshot.spent };
  return runDetails(snapshot, { ...defaults, reported: false, execution, ...shown });
}

it('says what the run is, where it is, what it reached, and how long it will take', () => {
  const details = detailsOf({ tracking: { mlflowRunId: 'a', experimentId: '1', runUrl: MLFLOW } });
  expect(details.split('\n')).toEqual([
    '**GRPO · tiny · G=8 · 60 steps**',
    '',
    '- **step 12 of 60**; rollout; 3 min 17 s to go, at 4.1 s a step',
    '- reward **2.132**: format 1.000, think 0.610',
    '- loss 0.0001, KL 0.0000',
    '',
    'Benchmark',
    '',
    '```',
    'step   event F1   action F1   object F1',
    '   0       60.0        70.0        80.0',
    '  10       70.0        70.0        80.0',
    '```',
    '',
    `- [MLflow run](${MLFLOW})`,
    '- [Start another run with this input, or a changed one](/namespaces/default/workflows/start-workflow?' +
      'taskQueue=videocap&workflowType=trainingRun&runId=01a2)',
  ]);
});

it('has no table: the UI draws their columns without space between them', () => {
  expect(detailsOf()).not.toMatch(/^\|/m);
});

it('before the first step shows the stage, and no numbers that are not there', () => {
  const details = detailsOf(
    { step: 0, lastMetrics: {}, evaluations: [], secondsPerStep: undefined },
    { stage: 'dataset' },
  );
  expect(details).toContain('- **step 0 of 60**; dataset\n');
  expect(details).not.toMatch(/reward|loss|Benchmark/);
});

it('says first that the run waits, or how it ended, and then no time to go', () => {
  expect(detailsOf({}, { waiting: { paused: true } })).toMatch(/^\*\*Paused\*\* after the current step/);
  const end = { how: 'stopped', step: 12, totalSteps: 60 } as const;
  const ended = detailsOf({}, { end, stage: 'stopped' });
  expect(ended).toMatch(/^\*\*Stopped by a user after step 12 of 60\.\*\*/);
  expect(ended).not.toContain('to go');
});

it('says what was spent, also on a step under way', () => {
  expect(detailsOf({}, { spent: { calls: 40, usd: 0.125 } })).toContain('- Judge: 40 calls, 0.13 USD');
});

it("leads to the report once MLflow has it, at its artifact's page", () => {
  const tracking = { mlflowRunId: 'a', experimentId: '1', runUrl: MLFLOW };
  expect(detailsOf({ tracking })).not.toContain('Report');
  expect(detailsOf({ tracking }, { reported: true })).toContain(`(${MLFLOW}/artifacts/report.html)`);
});

it("shows the place of a sweep's run, with links to the sweep and to its runs; it is not to be started again", () => {
  const sweep = { sweep: 'my-sweep-0a1b', name: 'my-sweep', arm: 'grpo', condition: 'few', seed: 3 };
  const details = detailsOf({ sweep }, { execution: { ...execution, repeatable: false, parent: 'my-sweep' } });
  expect(details).toContain('- Sweep my-sweep: arm grpo, condition few, seed 3\n');
  expect(details).toContain('- [The sweep](/namespaces/default/workflows/my-sweep)\n');
  expect(details).toMatch(/\[All runs of the sweep\]\(\/namespaces\/default\/workflows\?query=.*my-sweep-0a1b/);
  expect(details).not.toContain('start-workflow');
});

it('says of a run without a config what it is, until it has ended', () => {
  const startNote = 'This is the quickstart.';
  expect(detailsOf({}, { startNote })).toContain(`steps**\n\n${startNote}\n\n- **step`);
  const end = { how: 'finished', step: 60, totalSteps: 60 } as const;
  expect(detailsOf({}, { startNote, end })).not.toContain(startNote);
});

it('fits, of the longest run, into the address that the UI draws it by: headers of a request may have 16 KB', () => {
  const evaluations = Array.from({ length: 32 }, (_, i) => evaluationAt(i * 1000));
  expect(encodeURIComponent(detailsOf({ evaluations })).length).toBeLessThan(8000);
});
