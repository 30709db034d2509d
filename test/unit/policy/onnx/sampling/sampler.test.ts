import fc from 'fast-check';
import { expect, test } from 'vitest';
import { uniformAt } from '../../../../../core/random.ts';
import { drawBest, drawToken } from '../../../../../policy/onnx/sampling/sampler.ts';

const NONE = new Uint8Array(5);
const logits = Float32Array.of(1, 2, -1, 0.5, 2.5);

/** softmax(logits / temperature) over the tokens that are not suppressed. */
function probabilities(values: Float32Array, temperature: number, suppressed: Uint8Array): number[] {
  const weights = [...values].map((logit, i) => (suppressed[i] ? 0 : Math.exp(logit / temperature)));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

test('inverts the cumulative distribution: token i for uniforms between the sums before and after it', () => {
  const p = probabilities(logits, 0.7, NONE);
  let below = 0;
  for (const [token, mass] of p.entries()) {
    const rule = { temperature: 0.7, suppressed: NONE };
    expect(drawToken(logits, rule, below + 1e-9).token).toBe(token);
    below += mass;
    expect(drawToken(logits, rule, below - 1e-9).token).toBe(token);
  }
});

test('draws as often as the distribution says, with its log-probability', () => {
  const suppressed = Uint8Array.of(0, 1, 0, 0, 0);
  const p = probabilities(logits, 1.3, suppressed);
  const counts = new Float64Array(5);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) {
    const { token, logProb } = drawToken(logits, { temperature: 1.3, suppressed }, uniformAt(7, ['draw', i]));
    counts[token]! += 1;
    expect(logProb).toBeCloseTo(Math.log(p[token]!), 9);
  }
  for (const [token, mass] of p.entries()) {
    const spread = Math.sqrt((mass * (1 - mass)) / draws);
    expect(Math.abs(counts[token]! / draws - mass)).toBeLessThanOrEqual(4 * spread);
  }
});

test('never draws a suppressed token, and always draws one', () => {
  const values = fc.array(fc.float({ min: -80, max: 80, noNaN: true }), { minLength: 2, maxLength: 8 });
  fc.assert(
    fc.property(
      values,
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.nat(),
      (some, uniform, at) => {
        const suppressed = new Uint8Array(some.length);
        suppressed[at % some.length] = 1;
        const { token, logProb } = drawToken(Float32Array.from(some), { temperature: 1, suppressed }, uniform);
        expect(token).toBeGreaterThanOrEqual(0);
        expect(suppressed[token]).toBe(0);
        expect(logProb).toBeLessThanOrEqual(0);
        expect(Number.isFinite(logProb)).toBe(true);
      },
    ),
  );
});

test('tokens of probability 0 are not drawn at either end', () => {
  const ends = Float32Array.of(-1e9, 0, -1e9);
  const rule = { temperature: 1, suppressed: new Uint8Array(3) };
  expect(drawToken(ends, rule, 0).token).toBe(1);
  expect(drawToken(ends, rule, 1 - 2 ** -53).token).toBe(1);
});

test('greedy takes the highest logit, of equals the lowest id, with its log-probability at temperature 1', () => {
  const { token, logProb } = drawBest(logits, NONE);
  expect(token).toBe(4);
  expect(logProb).toBeCloseTo(Math.log(probabilities(logits, 1, NONE)[4]!), 9);
  expect(drawBest(Float32Array.of(3, 5, 5), new Uint8Array(3)).token).toBe(1);
  expect(drawBest(Float32Array.of(3, 5, 5), Uint8Array.of(0, 1, 1)).token).toBe(0);
});

test.each([
  ['NaN', Float32Array.of(0, Number.NaN)],
  ['infinite', Float32Array.of(0, Number.POSITIVE_INFINITY)],
])('says that the policy has diverged when a logit is %s', (_, values) => {
  const draw = () => drawToken(values, { temperature: 1, suppressed: new Uint8Array(2) }, 0.5);
  expect(draw).toThrow('The policy gave token 1 the logit');
  expect(draw).toThrow('its weights have diverged');
  expect(draw).toThrow(expect.objectContaining({ code: 'Diverged' }));
});

test('throws when there is nothing to choose from', () => {
  expect(() => drawBest(Float32Array.of(1, 2), Uint8Array.of(1, 1))).toThrow('left no token to choose from');
});
