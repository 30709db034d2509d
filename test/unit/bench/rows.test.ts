import { describe, expect, it } from 'vitest';
import { gradientGemms, operations, samplingGemms, scoringGemms } from '../../bench/floor/gemms.ts';
import { atMost, shareOfFloor, timesAsFastAs, timesTheFloor } from '../../bench/goal.ts';
import { playRow } from '../../bench/play-row.ts';
import { markdownOf, tableOf } from '../../bench/report.ts';
import type { OpenRow, Row } from '../../bench/row.ts';
import { ROWS } from '../../bench/rows.ts';

/** A row whose sides give these numbers, one a call, after the first that does not count. */
function rowOf(open: Partial<OpenRow>, more: Partial<Row> = {}): Row {
  const whole = { peers: [], own: async () => 1, close: async () => undefined, ...open };
  return { name: 'r', title: 'R', unit: 's', work: 'W.', goals: [], minutes: 1, ...more, open: async () => whole };
}
const giving = (...values: number[]) => {
  const left = [99, ...values];
  return async () => left.shift()!;
};
const silent = () => undefined;

describe('a row', () => {
  it('takes medians of repeats, and the ratio of each repeat with its own pair', async () => {
    const row = rowOf({ own: giving(1, 2, 4), peers: [{ name: 'peer', run: giving(2, 2, 16) }] });
    const { own, peers } = await playRow(row, 3, silent);
    expect(own).toEqual({ median: 2, values: [1, 2, 4] });
    expect(peers).toEqual([{ name: 'peer', median: 2, values: [2, 2, 16], ratio: 2 }]);
  });

  it('of a rate is faster where its number is larger', async () => {
    const row = rowOf(
      { own: giving(30), peers: [{ name: 'peer', run: giving(10) }], floor: { value: 60, of: 'f' } },
      { unit: 'tokens/s', goals: [timesAsFastAs('peer', 3), shareOfFloor(0.5), timesAsFastAs('peer', 3.1)] },
    );
    const { peers, floorShare, goals } = await playRow(row, 1, silent);
    expect(peers[0]).toMatchObject({ ratio: 3 });
    expect(floorShare).toBe(0.5);
    expect(goals.map(({ met }) => met)).toEqual([true, true, false]);
  });

  it('of seconds reaches the share of the floor that it is longer by', async () => {
    const goals = [timesTheFloor(2), timesTheFloor(1.9), atMost(4, 's')];
    const row = rowOf({ own: giving(4), floor: () => ({ value: 2, of: 'f' }) }, { goals });
    const result = await playRow(row, 1, silent);
    expect(result.floorShare).toBe(0.5);
    expect(result.goals.map(({ met }) => met)).toEqual([true, false, true]);
  });

  it('says why a peer is missing, and leaves goals about it open', async () => {
    const peers = [{ name: 'peer', missing: 'no wheel' }];
    const result = await playRow(rowOf({ peers }, { goals: [timesAsFastAs('peer', 2)] }), 1, silent);
    expect(result.goals).toEqual([{ text: '>= 2x peer' }]);
    const machine = { processor: 'P', cores: 2, memoryGigabytes: 8, system: 's', load: 0, versions: {} };
    const page = markdownOf({ measured: '2026-01-01T00:00:00Z', machine, rows: [{ ...result, load: 3 }] });
    expect(page).toContain('peer: not measured (no wheel)');
    expect(page).toContain('Other programs computed beside 1 of these rows (a load of up to 3 on 2 cores)');
  });

  it.each([
    [0, 'peer: 4.00 s | 4.00x |  |  | >= 2x peer: met |'],
    [3, 'peer: 4.00 s |  |  |  | >= 2x peer |'],
  ])('has ratios and met goals on the page only where nothing else computed: load %s', async (load, expected) => {
    const peers = [{ name: 'peer', run: giving(4) }];
    const result = await playRow(rowOf({ peers }, { goals: [timesAsFastAs('peer', 2)] }), 1, silent);
    expect(tableOf([{ ...result, load }])).toContain(expected);
  });

  it('takes a peer that fails at first for missing', async () => {
    const run = () => Promise.reject(new Error('no library'));
    const { peers } = await playRow(rowOf({ peers: [{ name: 'peer', run }] }), 1, silent);
    expect(peers).toEqual([{ name: 'peer', missing: 'no library' }]);
  });

  it('is closed where a side fails', async () => {
    let closed = false;
    const own = () => Promise.reject(new Error('no'));
    const close = async () => {
      closed = true;
    };
    await expect(playRow(rowOf({ own, close }), 1, silent)).rejects.toThrow('no');
    expect(closed).toBe(true);
  });
});

it('every row has a name of its own', () => {
  expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
});

describe('the arithmetic of a step', () => {
  const text_config = { hidden_size: 4, intermediate_size: 8, num_hidden_layers: 1, vocab_size: 16 };
  const heads = { num_attention_heads: 2, num_key_value_heads: 1 };
  const vision_config = {
    ...{ depth: 1, embed_dim: 4, num_heads: 1, mlp_ratio: 2, patch_size: 1, spatial_merge_size: 1 },
    ...{ temporal_patch_size: 1 },
  };
  const config = { text_config: { ...text_config, ...heads }, vision_config } as never;
  const sizes = { clips: 1, group: 2, tokens: 3, prompt: 5, slices: 1, patches: 2 };

  it('of one pass is what its matrices have', () => {
    // A row of the decoder: 2 x 4x4, 2 x 4x2, 2 x 4x8 and 8x4 weights; of the vision tower: 4x12, 4x4, 4x8, 8x4.
    const decoder = 2 * (2 * 16 + 2 * 8 + 2 * 32 + 32);
    const vision = 2 * (2 * (3 * 4 + 48 + 16 + 32 + 32 + 16 + 16) + 2 * 2 * 2 * 4);
    const attention = 2 * 2 * (10 * 2 * 5 + 12 * 2 * 5 + 2 * 6 * 2 * 3);
    const head = 2 * 6 * 4 * 16;
    expect(operations(scoringGemms(config, sizes))).toBe(vision + (5 + 6) * decoder + attention + head);
  });

  it('of its gradients is three times that, and of sampling less', () => {
    const pass = operations(scoringGemms(config, sizes));
    expect(operations(gradientGemms(config, sizes))).toBe(3 * pass);
    expect(operations(samplingGemms(config, sizes))).toBeLessThan(pass);
  });
});
