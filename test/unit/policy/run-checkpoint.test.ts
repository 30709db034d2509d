import { expect, test } from 'vitest';
import { PolicyConfig } from '../../../policy/policy-config.ts';
import { parseRunCheckpoint, runCheckpoint } from '../../../policy/run-checkpoint.ts';

test('a checkpoint of a run has a key, and a step or the last one', () => {
  expect(parseRunCheckpoint('run:sft-1-0a1b2c3d@40')).toEqual({ run: 'sft-1-0a1b2c3d', step: 40 });
  expect(parseRunCheckpoint('run:sft-1-0a1b2c3d')).toEqual({ run: 'sft-1-0a1b2c3d' });
  expect(runCheckpoint({ run: 'a.b', step: 0 })).toBe('run:a.b@0');
});

test.each(['tiny', '/models/run:a@1', 'running', 'Run:a'])('%s is a model', (model) => {
  expect(parseRunCheckpoint(model)).toBeUndefined();
  expect(PolicyConfig.parse({ model }).model).toBe(model);
});

test.each(['run:', 'run:a@', 'run:a@b', 'run:../a@1', 'run:..@1', 'run:.', 'run:a@-1', 'run:a@1@2', 'run:a b'])(
  '%s is refused',
  (model) => {
    const { error } = PolicyConfig.safeParse({ model });
    expect(error?.issues).toMatchObject([{ path: ['model'], message: expect.stringContaining('write run:RUN@STEP') }]);
  },
);
