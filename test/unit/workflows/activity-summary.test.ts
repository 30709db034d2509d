import { expect, it } from 'vitest';
import { activitySummary } from '../../../workflows/activity-summary.ts';

const run = { totalSteps: 60, samplesPerRound: 8 };
const place = { runKey: 'r', step: 12, round: 0, part: 0 };

it.each([
  ['rolloutGroups', { ...place, sampling: { groupSize: 4 } }, 'step 12/60: rollout 8 x 4'],
  [
    'rolloutGroups',
    { ...place, round: 1, part: 2, samples: { from: 4, count: 2 }, sampling: { groupSize: 4 } },
    'step 12/60: rollout 2 x 4, round 2, part 3',
  ],
  ['judgeCompletions', place, 'step 12/60: judge'],
  ['scoreCompletions', { ...place, part: 1 }, 'step 12/60: scores of the texts, part 2'],
  ['updatePolicy', place, 'step 12/60: update'],
  ['extractFrames', { samples: 'held-out' }, 'frames of held-out clips'],
  ['extractFrames', { samples: { step: 13 } }, 'step 13/60: frames'],
  ['captionClips', { step: 12, list: 'held-out' }, 'step 12/60: captions of held-out clips'],
  ['mirrorRecords', { fromStep: 3, toStep: 5 }, 'steps 3 to 5 to MLflow'],
  ['mirrorRecords', { fromStep: 5, toStep: 5 }, 'step 5 to MLflow'],
  ['resolveConfig', { config: 'quickstart' }, 'config quickstart'],
  ['annotateBatch', { batch: 3, size: 16 }, 'batch 3, at most 16 captions'],
  ['writeSweepTable', { outcomes: [1, 2] }, 'table of 2 runs'],
] as const)('%s %o is "%s"', (activity, input, summary) => {
  expect(activitySummary(activity, input, run)).toBe(summary);
});

it('says no number of steps before it is known, and nothing of an activity that it does not know', () => {
  expect(activitySummary('updatePolicy', place)).toBe('step 12: update');
  expect(activitySummary('rolloutGroups', { ...place, sampling: { groupSize: 4 } })).toBe(
    'step 12: rollout groups of 4',
  );
  expect(activitySummary('somethingElse', {})).toBeUndefined();
});
