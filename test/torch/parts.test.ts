import { afterAll, expect, test } from 'vitest';
import { createEngine } from '../../policy/engines.ts';
import { playedRun } from './played-run.ts';

const engine = createEngine('torch');
afterAll(() => engine.close());

test.each([1, 2])('one part and several have the same completions and weights, with %i ranks', async (ranks) => {
  const [whole, parts] = await Promise.all(
    [false, true].map((inParts) => playedRun(engine, { inParts, section: { ranks } })),
  );
  const groupsOf = async (run: typeof whole) => (await run!.sampleAll(1, run!.start)).flatMap(({ groups }) => groups);
  const groups = await groupsOf(parts);
  expect(groups.map(({ sampleId }) => sampleId)).toEqual(['a', 'b']);
  expect(groups).toEqual(await groupsOf(whole));
  const ofWhole = await whole!.steps(1, 2, whole!.start);
  const ofParts = await parts!.steps(1, 2, parts!.start);
  const filesOf = (policies: typeof ofWhole) =>
    policies.map(({ weights, optimizer }) => [weights.sha256, optimizer?.sha256]);
  expect(filesOf(ofParts)).toEqual(filesOf(ofWhole));
  expect(filesOf(ofWhole)[1]).not.toEqual(filesOf(ofWhole)[0]);
});
