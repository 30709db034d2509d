import { expect, it } from 'vitest';
import { thoughtLines } from '../../../../cli/commands/caption.ts';

it('writes an analysis as a list', () => {
  expect(
    thoughtLines([
      { subject: 'circle', attributes: ['small', 'red'], actions: ['moves left', 'grows'] },
      { subject: 'star', attributes: [], actions: [] },
    ]),
  ).toEqual(['- circle (small, red): moves left; grows', '- star']);
});
