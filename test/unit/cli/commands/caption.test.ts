import { expect, it } from 'vitest';
import { thoughtLines } from '../../../../cli/commands/caption.ts';
import { printable } from '../../../../cli/output/print.ts';

it('writes an analysis as a list', () => {
  expect(
    thoughtLines([
      { subject: 'circle', attributes: ['small', 'red'], actions: ['moves left', 'grows'] },
      { subject: 'star', attributes: [], actions: [] },
    ]),
  ).toEqual(['- circle (small, red): moves left; grows', '- star']);
});

it('shows no control characters', () => {
  expect(printable('A\u001b[2J red\u0000 circle.')).toBe('A\u{fffd}[2J red\u{fffd} circle.');
});
