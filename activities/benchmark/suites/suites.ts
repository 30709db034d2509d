import type { SuiteName } from '../../../configs/schema.ts';
import { VideocapError } from '../../../core/errors.ts';
import { dream1k } from '../dream1k/dream1k.ts';
import type { Suite } from './suite.ts';

/** The suites there are, by name. */
const SUITES: Partial<Record<SuiteName, Suite>> = { dream1k };

/** @throws VideocapError `InvalidConfig` when there is no such suite. */
export function suiteNamed(name: SuiteName): Suite {
  const suite = SUITES[name];
  if (!suite)
    throw new VideocapError('InvalidConfig', `There is no suite "${name}"; choose ${Object.keys(SUITES).join(', ')}.`);
  return suite;
}
