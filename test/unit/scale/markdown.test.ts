import { expect, test } from 'vitest';
import { table, withSection, wrapped } from '../../scale/markdown.ts';

test('a section is added at the end, and replaced where it is', () => {
  const page = withSection(withSection('# Page\n', 'One', 'first'), 'Two', 'second');
  expect(page).toBe('# Page\n\n## One\nfirst\n\n## Two\nsecond\n');
  expect(withSection(page, 'One', 'new')).toBe('# Page\n\n## One\nnew\n\n## Two\nsecond\n');
  expect(withSection(page, 'Two', 'new')).toBe('# Page\n\n## One\nfirst\n\n## Two\nnew\n');
});

test('prose has at most 120 columns, tables have a line a row', () => {
  const text = wrapped('word '.repeat(100).trim());
  expect(Math.max(...text.split('\n').map(({ length }) => length))).toBe(119);
  expect(table(['a', 'b'], [['1', '2']])).toBe('| a | b |\n|---|---|\n| 1 | 2 |');
});
