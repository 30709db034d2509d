import { VideocapError } from '../../core/errors.ts';
import type { SuiteName } from '../benchmark-config.ts';
import { carebench } from '../carebench/carebench.ts';
import { dream1k } from '../dream1k/dream1k.ts';
import { vdc } from '../vdc/vdc.ts';
import { JUDGE_EMPTY } from './quirks.ts';
import type { Suite } from './suite.ts';
import { VARIANTS, type Variant } from './variants.ts';

/** The suites there are, by name. */
const SUITES: Readonly<Record<SuiteName, Suite>> = { dream1k, vdc, carebench };

export const suites: readonly Suite[] = Object.values(SUITES);

export function suiteNamed(name: SuiteName): Suite {
  return SUITES[name];
}

/**
 * @throws VideocapError `InvalidConfig` when a suite has no quirk of a name, or a quirk and a variant exclude each
 * other.
 */
export function checkQuirks(suite: Suite, quirks: readonly string[], variants: readonly Variant[] = []): void {
  const unknown = quirks.find((name) => !(name in suite.quirks));
  if (unknown !== undefined)
    throw new VideocapError(
      'InvalidConfig',
      `Suite ${suite.name} has no quirk ${JSON.stringify(unknown)}; it has ${Object.keys(suite.quirks).join(', ')}.` +
        ` ${Object.keys(VARIANTS).join(' and ')} are variants, which no author has: --variant, or variants in a ` +
        'config.',
    );
  if (quirks.includes(JUDGE_EMPTY) && variants.includes('leaveOutEmpty'))
    throw new VideocapError(
      'InvalidConfig',
      `Quirk ${JUDGE_EMPTY} scores empty captions and variant leaveOutEmpty leaves them out; take one of the two.`,
    );
}

/** Those of `all` that are on, with what they do. */
export function described(all: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
}
