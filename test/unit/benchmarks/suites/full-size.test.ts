import { expect, test } from 'vitest';
import { suiteNumbers } from '../../../../benchmarks/suites/score-suite.ts';
import type { Suite } from '../../../../benchmarks/suites/suite.ts';
import type { ItemResult, SuiteResult } from '../../../../benchmarks/suites/suite-files.ts';
import { drillDown } from '../../../../benchmarks/suites/suite-report.ts';
import { vdc } from '../../../../benchmarks/vdc/vdc.ts';
import { VDC_ASPECTS } from '../../../../benchmarks/vdc/vdc-questions.ts';
import { uniformAt } from '../../../../core/random.ts';

/** VDC as large as it is published: 1,027 videos under five aspects. One item in a hundred got no answer. */
const items = Array.from({ length: 1027 }, (_, v) =>
  VDC_ASPECTS.map((aspect) => ({
    ...{ id: `${aspect}/${v}`, clip: `${v}`, video: `${v}.mp4`, aspect, instruction: 'Describe it.' },
    questions: [{ question: 'What?', answer: 'That.', category: '' }],
  })),
).flat();
const results: ItemResult[] = items.map(({ id, clip, video }, i) => {
  if (i % 100 === 0) return { id, clip, video, caption: 'A cat.', unscorable: 'refused' };
  const answers = [{ question: 'What?', answer: 'That.', predicted: 'This.', correct: true, score: 4 }];
  const score = { accuracy: uniformAt(1, [id]), score: 5 * uniformAt(2, [id]), answers };
  return { id, clip, video, caption: 'A cat.', score };
});

/** How often the event loop ran other work during a computation. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, working] = [0, true];
  const others = (async () => {
    for (; working; turns++) await new Promise((resolve) => setImmediate(resolve));
  })();
  await work();
  working = false;
  await others;
  return turns;
}

// A worker without a heartbeat for 12 s loses its activity to another worker, which would be as slow.
test('the numbers of a benchmark of published size never keep the process from saying that it lives', async () => {
  let numbers: Awaited<ReturnType<typeof suiteNumbers>> | undefined;
  const turns = await turnsDuring(async () => {
    numbers = await suiteNumbers(vdc as Suite, { items }, results, { quirks: new Set(), variants: new Set() });
  });
  // Six statistics of 1,000 resamples each.
  expect(turns).toBeGreaterThanOrEqual(6 * 10);
  expect(numbers!.counts).toMatchObject({ items: 5135, unscorable: 52 });
  // Numbers that no table compares have no bounds.
  expect(Object.keys(numbers!.worst!).sort()).toEqual(vdc.columns.map(({ metric }) => metric).sort());
});

test('nor does describing each of its items', async () => {
  const result = { title: 'VDC', subject: 'tiny', judge: { model: 'm', endpoint: 'e', prompts: [] }, items: results };
  const turns = await turnsDuring(() => drillDown(vdc as Suite, items, result as unknown as SuiteResult));
  expect(turns).toBeGreaterThanOrEqual(50);
});
