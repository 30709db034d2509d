import { expect, test } from 'vitest';
import { notFiniteText } from '../../../../../core/not-finite.ts';
import { requireFiniteMetrics, type UpdateStopped } from '../../../../../policy/onnx/training/update-stopped.ts';

/** Why the update stopped, in words. */
function stopOf(metrics: Record<string, number>): string | undefined {
  try {
    requireFiniteMetrics(metrics);
    return undefined;
  } catch (error) {
    return notFiniteText((error as UpdateStopped).found);
  }
}

test('a metric that is not finite stops the update, by its name', () => {
  expect(stopOf({ loss: 0, entropy: Number.NaN })).toBe('the metric is NaN (entropy)');
  expect(stopOf({ samplingMismatch: Number.POSITIVE_INFINITY })).toBe('the metric is Infinity (samplingMismatch)');
  expect(stopOf({ loss: -1e300, tokens: 0 })).toBeUndefined();
});
