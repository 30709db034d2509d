import { describe, expect, it } from 'vitest';
import { coloured, takesColours } from '../../../../cli/output/colours.ts';

describe('coloured', () => {
  it('marks states, warnings and the lines of a table, and leaves all else as it is', () => {
    const text = [
      '  run     state    ',
      '  -----   ------   ',
      '  a       failed   The run failed.',
      '  b       running',
      '  WARNING: One seed.',
      'it failed',
    ].join('\n');
    const shown = coloured(text);
    expect(shown).toContain('a       \u001b[31mfailed\u001b[0m   The run failed.');
    expect(shown).toContain('\u001b[36mrunning\u001b[0m');
    expect(shown).toContain('\u001b[33m  WARNING: One seed.\u001b[0m');
    expect(shown.endsWith('\nit failed')).toBe(true);
    expect(['31', '36', '33', '2', '0'].reduce((rest, code) => rest.replaceAll(`\u001b[${code}m`, ''), shown)).toBe(
      text,
    );
  });
});

describe('takesColours', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['a file or a pipe', false, {}, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR, which counts as none', true, { NO_COLOR: '' }, true],
    ['a terminal that shows none', true, { TERM: 'dumb' }, false],
  ])('%s', (_, isTTY, env, expected) => {
    expect(takesColours({ isTTY }, env)).toBe(expected);
  });
});
