import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  captionReward,
  claimF1,
  countsEvents,
  coverage,
  ratingsReward,
  stepped,
} from '../../../rewards/caption-reward.ts';
import { RewardConfig } from '../../../rewards/registry.ts';

const { caption: defaults } = RewardConfig.parse({});

describe('stepped: the Escore of VideoCap-R1 (equation 6, d1 = 0.28, d2 = 0.35)', () => {
  test.each([
    [0, 0],
    [0.2799, 0],
    [0.28, 0.5],
    [0.3499, 0.5],
    [0.35, 1],
    [1, 1],
  ])('coverage %d is worth %d', (share, reward) => expect(stepped(share, [0.28, 0.35])).toBe(reward));

  test('7 of 20 events are exactly the second threshold', () => {
    expect(captionReward({ events: 20, entailed: 7 }, { ...defaults, variant: 'stepped' })).toBe(1);
  });
});

test('linear is the share of events told; without events there was nothing to miss', () => {
  const linear = { ...defaults, variant: 'linear' as const };
  expect(captionReward({ events: 4, entailed: 3 }, linear)).toBe(0.75);
  expect(coverage({ events: 0, entailed: 0 })).toBe(1);
});

describe('f1', () => {
  test.each([
    ['all told, nothing invented', { events: 3, entailed: 3, claims: 3, entailedClaims: 3 }, 1],
    // R = 1/2, P = 1/1.
    ['half told', { events: 2, entailed: 1, claims: 1, entailedClaims: 1 }, 2 / 3],
    // R = 1, P = 1/4.
    ['three inventions', { events: 1, entailed: 1, claims: 4, entailedClaims: 1 }, 0.4],
    ['nothing right', { events: 2, entailed: 0, claims: 2, entailedClaims: 0 }, 0],
    ['nothing claimed', { events: 2, entailed: 0, claims: 0, entailedClaims: 0 }, 0],
    ['claims where nothing happens', { events: 0, entailed: 0, claims: 1, entailedClaims: 0 }, 0],
    ['silence where nothing happens', { events: 0, entailed: 0, claims: 0, entailedClaims: 0 }, 1],
  ])('%s', (_, counts, reward) => {
    expect(captionReward(counts, { ...defaults, variant: 'f1' })).toBeCloseTo(reward, 12);
  });

  test('is in [0, 1], and a further invention never pays', () => {
    const counts = fc.record({ events: fc.nat(10), claims: fc.nat(10) }).chain(({ events, claims }) =>
      fc.record({
        events: fc.constant(events),
        claims: fc.constant(claims),
        entailed: fc.nat(events),
        entailedClaims: fc.nat(claims),
      }),
    );
    fc.assert(
      fc.property(counts, (some) => {
        const reward = claimF1(some);
        expect(reward).toBeGreaterThanOrEqual(0);
        expect(reward).toBeLessThanOrEqual(1);
        expect(claimF1({ ...some, claims: some.claims + 1 })).toBeLessThanOrEqual(reward);
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe('completeness and naturalness', () => {
  test.each([
    [0, 0, 0],
    [5, 5, 1],
    [5, 0, 0.5],
    [0, 5, 0.5],
    [3, 4, 0.7],
  ])('ratings of %d and %d are worth %d', (completeness, naturalness, reward) =>
    expect(ratingsReward({ completeness, naturalness })).toBe(reward),
  );

  test('are no counts of events', () => {
    expect(countsEvents({ ...defaults, variant: 'completeness-naturalness' })).toBe(false);
    expect(countsEvents(defaults)).toBe(true);
  });
});
