import type { Frames, Shown } from '../../../core/sample.ts';
import { structuredCompletion } from '../../../core/sample.ts';
import { DEFAULT_PROMPT } from '../../prompt-config.ts';
import { RolloutFault } from './rollout-fault.ts';

/** Two slices. */
const FRAMES = 4;

/** The text whose log-probabilities are compared. */
export const PROBE_TEXT = structuredCompletion(
  [
    { subject: 'circle', attributes: ['small', 'red'], actions: ['moves left', 'jumps'] },
    { subject: 'square', attributes: ['large', 'blue'], actions: ['stays still'] },
  ],
  'A small red circle moves left and jumps over a large blue square.',
);

/**
 * The clip that a policy is probed with: a bright square that moves to the right over a gradient. Its frames have the
 * size of the run's own, which the server must not scale.
 */
export function probeClip([, height, width]: Frames['shape']): Shown & { sampleId: string } {
  const shape = [FRAMES, height, width, 3] as const;
  const data = new Uint8Array(FRAMES * height * width * 3);
  const side = Math.min(height, width) / 2;
  for (let frame = 0, at = 0; frame < FRAMES; frame++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const inside =
          Math.abs(y - height / 2) < side / 2 && Math.abs(x - ((frame + 1) * width) / (FRAMES + 1)) < side / 2;
        data[at++] = inside ? 230 : (x * 255) / width;
        data[at++] = inside ? 40 : (y * 255) / height;
        data[at++] = inside ? 30 : 90;
      }
  return { sampleId: 'probe', frames: { shape, data }, prompt: DEFAULT_PROMPT };
}

/** The least tolerance, in nats: two libraries round differently, in float32 too. */
const LEAST = 1e-4;
/** How many times the difference of the base model a policy may differ. */
const TIMES = 3;
/** What the base model itself may differ by, by what the ranks compute in: more is another model, or another dtype. */
const BASE_MAY_DIFFER = { float32: 1e-3, bfloat16: 0.05 } as const;

export type ProbedDtype = keyof typeof BASE_MAY_DIFFER;

/** Mean absolute difference of log-probabilities, in nats. NaN where one is none. */
export function meanDifference(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

/**
 * The tolerance that follows from the difference of the base model, `m0`.
 * @throws RolloutFault `refused` where that is more than rounding.
 */
export function toleranceOf(m0: number, dtype: ProbedDtype, url: string): number {
  const limit = BASE_MAY_DIFFER[dtype];
  if (m0 <= limit) return Math.max(LEAST, TIMES * m0);
  throw new RolloutFault(
    'refused',
    `The rollout server ${url} gives the probe's text log-probabilities that differ from the ranks' by ` +
      `${m0.toExponential(1)} nats a token with the base model, more than ${limit} of ${dtype}; start the server ` +
      `with the run's model and --dtype ${dtype}`,
  );
}

/** @throws RolloutFault `refused` where a hand-over has left other weights on the server than the policy's. */
export function requireHandedOver(
  difference: number,
  { tolerance, url, sha256 }: { tolerance: number; url: string; sha256: string },
): void {
  if (difference <= tolerance) return;
  throw new RolloutFault(
    'refused',
    `The hand-over of the policy ${sha256.slice(0, 12)} to the rollout server ${url} is refused: the probe's text ` +
      `has log-probabilities that differ from the ranks' by ${difference.toExponential(1)} nats a token, more than ` +
      `${tolerance.toExponential(1)}; the server computes with other weights: start it again`,
  );
}
