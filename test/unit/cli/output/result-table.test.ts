import { expect, it } from 'vitest';
import type { CaptionsMadeWith } from '../../../../benchmarks/suites/made-with.ts';
import { judgeNotes, metricsTable, resultTable, unscoredNotes } from '../../../../cli/output/result-table.ts';
import { naming } from '../../../refusal.ts';

it('puts base and trained policy side by side, with intervals where there are any', () => {
  const base = { eventF1: 41.23, eventF1Low: 38, eventF1High: 44.04, actionF1: 50, other: 1 };
  const trained = { eventF1: 47.8, eventF1Low: 44.9, eventF1High: 50.6, actionF1: 49.96, other: 2 };
  expect(`\n${resultTable(base, trained)}`).toMatchInlineSnapshot(`
    "
      held-out, points                base             trained   change
      ----------------   -----------------   -----------------   ------
      event F1           41.2 [38.0, 44.0]   47.8 [44.9, 50.6]     +6.6
      action F1                       50.0                50.0     +0.0"
  `);
});

it('shows one policy alone', () => {
  expect(`\n${metricsTable({ objectF1: 70, eventF1: 50 })}`).toMatchInlineSnapshot(`
    "
      held-out, points   value
      ----------------   -----
      event F1            50.0
      object F1           70.0"
  `);
});

it('names the judge of the policies once, and nothing where there is none', () => {
  const judge = { model: 'm', prompts: [{ name: 'event-extraction.v1', sha256: '0123456789abcdef'.repeat(4) }] };
  expect(judgeNotes([{ judge }, { judge }])).toEqual([
    '  Judge: m; prompts: event-extraction.v1 (sha256 0123456789ab)',
  ]);
  expect(judgeNotes([{ judge: { model: 'rule-based (no LLM)', prompts: [] } }])).toEqual([
    '  Judge: rule-based (no LLM)',
  ]);
  expect(judgeNotes([])).toEqual([]);
});

const made: CaptionsMadeWith = {
  ...{ by: 'policy', prompt: { text: 'Describe.', count: 1, sha256: 'ab'.repeat(32) } },
  frames: { count: 8, sampling: 'middles', minPixels: 7056, maxPixels: 7056, factor: 28 },
  ...{ maxNewTokens: 128, decoding: { temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 } },
};
const MADE = 'prompt "Describe." (sha256 abababababab), 8 frames of about 7056 pixels, at most 128 tokens, greedy';

it('says what the captions were made with, once where it is the same', () => {
  const judge = { model: 'm', prompts: [] };
  expect(
    judgeNotes([
      { judge, made },
      { judge, made },
    ]),
  ).toEqual(['  Judge: m', `  Made with: ${MADE}; judge m`]);
  const longer = { ...made, maxNewTokens: 256 } as CaptionsMadeWith;
  expect(
    judgeNotes([
      { judge, made },
      { judge, made: longer },
    ]),
  ).toHaveLength(3);
});

it('says of which policy the judge could not score everything', () => {
  const base = { clips: 5, unscorable: 0 };
  expect(unscoredNotes({ base, trained: base })).toEqual([]);
  expect(unscoredNotes({ base, trained: { clips: 5, unscorable: 3 } })).toEqual([
    naming('  trained: ', '3 of 5 videos'),
  ]);
});
