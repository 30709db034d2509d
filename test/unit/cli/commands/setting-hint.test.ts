import { expect, it } from 'vitest';
import { settingHint } from '../../../../cli/commands/setting-hint.ts';

const hint = (...args: string[]) => settingHint(args[0]!, args)?.split('--set ')[1];

it.each([
  [['--steps', '4'], 'algorithm.steps=4'],
  [['--steps=4'], 'algorithm.steps=4'],
  [['--group-size', '8'], 'sampling.groupSize=8'],
  [['--lr', '1e-5'], 'algorithm.optimizer.learningRate=1e-5'],
  [['--num_generations', '8'], 'sampling.groupSize=8'],
  [['--model', 'my model'], "policy.model='my model'"],
  [['--beta'], 'algorithm.beta=VALUE'],
  [['--nothing', '4'], undefined],
])('%s is the field of the config that it probably means', (args, expected) => {
  expect(hint(...args)).toBe(expected);
});
