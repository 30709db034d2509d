import { describe, expect, test } from 'vitest';
import type { ConfigSection, PolicyFiles, ReplayedUpdate } from '../../../../core/policy-engine.ts';
import { type Held, type ReplayingRanks, replayed } from '../../../../policy/torch/replay.ts';
import { refusal } from '../../../refusal.ts';

const section = (ranks: number): ConfigSection => ({ kind: 'torch', ranks });
const isSame = (one: ConfigSection, other: ConfigSection) => one.ranks === other.ranks;
const files: PolicyFiles = { model: 'm', weights: { path: '/10', sha256: 'ten' } };

/** The policy after step 12, rebuilt from the files of step 10. */
const policy = (...updates: ReplayedUpdate[]): PolicyFiles => ({ ...files, replay: updates });
const made = (step: number, ranks = 1): ReplayedUpdate => ({
  ...{ runKey: 'r', step, digest: `digest ${step}`, engine: section(ranks) },
  request: () => Promise.reject(new Error('The ranks read it.')),
});

/** Ranks that hold something, and note what they are asked. */
function ranks(held?: Held, found = (step: number) => `digest ${step}`) {
  const asked: string[] = [];
  const at = (from: PolicyFiles | Held) => ('digest' in from ? from.digest : from.weights.path);
  const asking: ReplayingRanks = {
    held: async () => held,
    async update({ step }, from) {
      asked.push(`step ${step} from ${at(from)}`);
      return { digest: found(step) };
    },
    async write({ digest, engine }) {
      asked.push(`write ${digest} of ${engine.ranks}`);
      return { model: 'm', weights: { path: `/${digest}`, sha256: digest } };
    },
  };
  return { asked, asking };
}

describe('a policy without files', () => {
  test('is rebuilt from the last files, an update after the other', async () => {
    const { asked, asking } = ranks();
    expect(await replayed(policy(made(11), made(12)), section(1), asking, isSame)).toMatchObject({
      digest: 'digest 12',
    });
    expect(asked).toEqual(['step 11 from /10', 'step 12 from digest 11']);
  });

  test.each([
    [12, []],
    [11, ['step 12 from digest 11']],
    [9, ['step 11 from /10', 'step 12 from digest 11']],
  ])('is not made again where the ranks hold step %i, as far as that', async (step, expected) => {
    const { asked, asking } = ranks(made(step));
    await replayed(policy(made(11), made(12)), section(1), asking, isSame);
    expect(asked).toEqual(expected);
  });

  test('goes by files from ranks of one section to those of another', async () => {
    const { asked, asking } = ranks();
    const at = await replayed(policy(made(11, 2), made(12, 4)), section(1), asking, isSame);
    expect(asked).toEqual([
      'step 11 from /10',
      'write digest 11 of 2',
      'step 12 from /digest 11',
      'write digest 12 of 4',
    ]);
    expect(at).toMatchObject({ weights: { path: '/digest 12' } });
  });

  test('is refused where an update ends in another digest, or in numbers that are not finite', async () => {
    const other = ranks(undefined, () => 'other digest');
    await expect(replayed(policy(made(11), made(12)), section(1), other.asking, isSame)).rejects.toThrow(
      refusal('ReplayDiffers', 'Step 11 of run r', 'other digest', 'digest 11', '--at-step 10'),
    );
    expect(other.asked).toEqual(['step 11 from /10']);
    const stopped = { ...other.asking, update: async () => ({ notFinite: { what: 'loss', value: 'NaN' } as const }) };
    await expect(replayed(policy(made(11)), section(1), stopped, isSame)).rejects.toThrow(
      refusal('ReplayDiffers', 'the loss is NaN', 'digest 11'),
    );
  });
});
