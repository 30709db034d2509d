import { VideocapError } from '../../core/errors.ts';
import type { SuiteName } from '../benchmark-config.ts';
import { carebench } from '../carebench/carebench.ts';
import { dream1k } from '../dream1k/dream1k.ts';
import { vdc } from '../vdc/vdc.ts';
import type { Suite } from './suite.ts';

/** The suites there are, by name. */
const SUITES: Readonly<Record<SuiteName, Suite>> = { dream1k, vdc, carebench };

export const suites: readonly Suite[] = Object.values(SUITES);

export function suiteNamed(name: SuiteName): Suite {
  return SUITES[name];
}

/** The quirk that all the authors' scripts share. */
export const LEAVE_OUT_FAILED = 'leaveOutFailed';
const COMMON_QUIRKS = {
  [LEAVE_OUT_FAILED]:
    'clips without a caption are left out (default: they score 0), without a worst case for unscorable ones',
};

/** What a suite's quirks do, by name. */
export function quirksOf(suite: Suite): Readonly<Record<string, string>> {
  return { ...COMMON_QUIRKS, ...suite.quirks };
}

/** @throws VideocapError `InvalidConfig` when a suite has no quirk of a name. */
export function checkQuirks(suite: Suite, names: readonly string[]): void {
  const known = quirksOf(suite);
  const unknown = names.find((name) => !(name in known));
  if (unknown !== undefined)
    throw new VideocapError(
      'InvalidConfig',
      `Suite ${suite.name} has no quirk ${JSON.stringify(unknown)}; it has ${Object.keys(known).join(', ')}.`,
    );
}
