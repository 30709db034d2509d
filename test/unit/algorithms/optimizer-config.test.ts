import { expect, it } from 'vitest';
import { OptimizerConfig } from '../../../algorithms/optimizer-config.ts';

const accepts = (fields: object) => OptimizerConfig.safeParse(fields).success;
const issues = (fields: object) => OptimizerConfig.safeParse(fields).error?.issues.map(({ path }) => path.join('.'));

it.each(['beta1', 'beta2'])('%s is below 1 as a 32-bit number too', (name) => {
  for (const value of [0, 0.9, 0.999, 0.9999999]) expect(accepts({ [name]: value }), `${value}`).toBe(true);
  for (const value of [0.99999999, 1 - 2 ** -53, 1, 2]) expect(issues({ [name]: value }), `${value}`).toEqual([name]);
});

it('epsilon is above 0 and finite as a 32-bit number too', () => {
  for (const value of [1e-44, 1e-8, 1, 1e38]) expect(accepts({ epsilon: value }), `${value}`).toBe(true);
  for (const value of [1e-50, Number.MIN_VALUE, 0, -1e-50, 1e39])
    expect(issues({ epsilon: value }), `${value}`).toEqual(['epsilon']);
});
