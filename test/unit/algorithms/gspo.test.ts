import { expect, test } from 'vitest';
import { GrpoConfig, grpo } from '../../../algorithms/grpo.ts';
import { GspoConfig, gspo } from '../../../algorithms/gspo.ts';

test.each([{}, { scaleRewards: 'none' }, { skipUniformGroups: true }])(
  'the advantages of GSPO are those of GRPO: %j',
  (more) => {
    const rewards = [
      [3, null, 1.5, 2],
      [1, 1],
      [null, 2],
    ];
    const advantages = gspo.advantages(rewards, GspoConfig.parse({ kind: 'gspo', ...more }));
    expect(advantages).toEqual(grpo.advantages(rewards, GrpoConfig.parse(more)));
  },
);
