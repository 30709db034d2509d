import { describe, expect, test } from 'vitest';
import { compressed, hlgToScene, lightToPq, pqToLight, renderingOf } from '../../../video/tone-map.ts';

/** Code points of ITU-T H.273. */
const [BT709, UNKNOWN, BT601, BT2020, P3] = [1, 2, 6, 9, 12];
const [SDR10, PQ, HLG] = [14, 16, 18];

function rendered(colours: { primaries: number; transfer: number }, codes: readonly number[]): number[] {
  const pixels = Buffer.alloc(codes.length * 2);
  for (const [i, code] of codes.entries()) pixels.writeUInt16LE(Math.round(code), 2 * i);
  return [...renderingOf(colours).render(pixels)];
}

describe('the curves of the standards', () => {
  test('PQ: 100, 203 and 1000 cd/m2 lie at 51, 58 and 75 % (ITU-R BT.2408, table 1)', () => {
    expect(lightToPq(100)).toBeCloseTo(0.508078, 5);
    expect(lightToPq(203)).toBeCloseTo(0.580689, 5);
    expect(lightToPq(1000)).toBeCloseTo(0.751827, 5);
    expect([pqToLight(0), pqToLight(1)]).toEqual([0, 10_000]);
  });

  test('HLG: reference white is at 75 %, which is 26.5 % of the light of the scene (ITU-R BT.2408, table 1)', () => {
    expect(hlgToScene(0.75)).toBeCloseTo(0.26496, 4);
    expect(1000 * hlgToScene(0.75) ** 1.2).toBeCloseTo(203, 0);
    expect([hlgToScene(0), hlgToScene(0.5), hlgToScene(1)]).toEqual([0, 1 / 12, expect.closeTo(1, 6)]);
  });

  // Computed from the formulas of BT.2390 section 5.4.1 apart from this code.
  test.each([
    [50, 50],
    [80, 80],
    [100, 99.361],
    [203, 159.042],
    [400, 193.609],
    [1000, 203],
    [4000, 203],
  ])('the EETF of ITU-R BT.2390 shows %d cd/m2 as %d', (mastered, shown) => {
    expect(compressed(mastered)).toBeCloseTo(shown, 2);
  });
});

// PQ and HLG codes of BT.709 colours at reference white, by the matrix of ITU-R BT.2087, apart from this code.
test.each([
  ['red in PQ', { primaries: BT2020, transfer: PQ }, [34_900, 21_432, 14_424], [250, 0, 0]],
  ['green in PQ', { primaries: BT2020, transfer: PQ }, [30_686, 37_482, 22_762], [0, 235, 0]],
  ['blue in PQ', { primaries: BT2020, transfer: PQ }, [18_981, 12_911, 37_302], [0, 0, 236]],
  ['red in HLG', { primaries: BT2020, transfer: HLG }, [46_434, 17_469, 8510], [250, 0, 0]],
  ['white in PQ', { primaries: BT2020, transfer: PQ }, Array(3).fill(0.580689 * 65_535), [230, 230, 230]],
  ['white in HLG', { primaries: BT2020, transfer: HLG }, Array(3).fill(0.75 * 65_535), [230, 230, 230]],
  ['black in PQ', { primaries: BT2020, transfer: PQ }, [0, 0, 0], [0, 0, 0]],
  ['black in HLG', { primaries: BT2020, transfer: HLG }, [0, 0, 0], [0, 0, 0]],
  ['the brightest of PQ', { primaries: BT2020, transfer: PQ }, Array(3).fill(65_535), [255, 255, 255]],
  ['PQ whose primaries are not said', { primaries: UNKNOWN, transfer: PQ }, [34_900, 21_432, 14_424], [250, 0, 0]],
])('%s arrives as what it is', (_, colours, codes, expected) => {
  for (const [i, level] of rendered(colours, codes).entries()) expect(Math.abs(level - expected[i]!)).toBeLessThan(10);
  const [brightest] = [...expected].sort((a, b) => b - a);
  expect(Math.abs(Math.max(...rendered(colours, codes)) - brightest!)).toBeLessThanOrEqual(1);
});

test('SDR of BT.2020 and P3 primaries is converted, and its greys stay', () => {
  const wide = [0.2, 0.5, 1].map((grey) => Array<number>(3).fill(grey * 65_535));
  for (const primaries of [BT2020, P3])
    for (const codes of wide)
      expect(rendered({ primaries, transfer: SDR10 }, codes)).toEqual(codes.map((code) => Math.round(code / 257)));
  // BT.709 red in BT.2020: 0.6274, 0.0691, 0.0164 of light, coded with the gamma 2.4 of BT.1886.
  const red = [0.6274, 0.0691, 0.0164].map((light) => 65_535 * light ** (1 / 2.4));
  const [r, g, b] = rendered({ primaries: BT2020, transfer: SDR10 }, red);
  expect([r! > 253, g! < 5, b! < 5]).toEqual([true, true, true]);
});

test.each([
  ['BT.709', BT709],
  ['BT.601', BT601],
  ['untagged', UNKNOWN],
])('SDR of %s stays as ffmpeg gives it, in 8 bits', (_, primaries) => {
  const pixels = Buffer.from([1, 2, 3]);
  const { pixelFormat, bytesPerPixel, render } = renderingOf({ primaries, transfer: primaries });
  expect([pixelFormat, bytesPerPixel, render(pixels)]).toEqual(['rgb24', 3, pixels]);
});
