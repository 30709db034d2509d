import { describe, expect, test } from 'vitest';
import { MOST_PAYLOAD_BYTES, payloadBytes } from '../../../core/payload-size.ts';
import { STAGE_CONTRACTS, type StageName } from '../../integration/workflows/stage-contracts.ts';
import { CASES } from './largest-values.ts';

/** Less than a payload may have: room for what this table does not foresee. */
const BOUND = 0.75 * MOST_PAYLOAD_BYTES;

const stages = Object.entries(CASES.stages).map(([name, { input, output }]) => ({ name, input, output }));

describe('the largest values within the limits of the schemas', () => {
  test.each(stages)('are input and output of $name, which has room for them', ({ name, input, output }) => {
    const contract = STAGE_CONTRACTS[name as StageName];
    expect(contract.input.safeParse(input).error?.issues ?? []).toEqual([]);
    expect(contract.output.safeParse(output).error?.issues ?? []).toEqual([]);
    expect(payloadBytes([input])).toBeLessThan(BOUND);
    expect(payloadBytes(output)).toBeLessThan(BOUND);
  });

  test.each(Object.entries(CASES.others))('are %s, which has room for them', (_, value) => {
    expect(payloadBytes(value)).toBeLessThan(BOUND);
  });

  test('of a whole step leave a history far below 50 MB, however many rounds it has', () => {
    const bytes = ({ input, output }: { input: unknown; output: unknown }) =>
      payloadBytes(input) + payloadBytes(output);
    const { extractFrames, rolloutGroups, scoreCompletions, judgeCompletions, scoreCustomRewards, ...rest } =
      CASES.stages;
    const part = [rolloutGroups, judgeCompletions, scoreCustomRewards];
    // Only the last part of a round is given the others: over all rounds no more than all parts.
    const { earlier, ...ownPart } = scoreCompletions.input;
    const scored = 100 * bytes({ ...scoreCompletions, input: ownPart }) + payloadBytes(earlier);
    const once = [rest.updatePolicy, rest.captionClips, rest.scoreBenchmark, rest.recordStep, rest.mirrorRecords];
    const sum = (all: readonly { input: unknown; output: unknown }[]) =>
      all.reduce((total, each) => total + bytes(each), 0);
    const { input, output } = rest.compareCompletions;
    const askedAfter = input.rounds.map((_, r) => payloadBytes({ ...input, rounds: input.rounds.slice(0, r + 1) }));
    const comparisons = askedAfter.reduce((total, each) => total + each, payloadBytes(output)); // before: more
    // Temporal suggests to continue as new from 4 MiB on, and a step is made whole before the run does.
    const sampled = 100 * (bytes(extractFrames) + sum(part)) + scored;
    expect(4 * 2 ** 20 + sampled + comparisons + sum(once)).toBeLessThan(45 * 2 ** 20);
  });
});
