import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const rows = read('docs/glossary.md')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| term'));

test('the glossary has a name and a file in every row', () => {
  expect(rows.length).toBeGreaterThanOrEqual(30);
});

test.each(rows.map((row) => [row.split('|')[1]!.trim(), row]))('%s: is defined where the glossary says', (_, row) => {
  const [, name, file] = /`(\w+)` in `([^`]+)` \|$/.exec(row) ?? [];
  const definition = new RegExp(
    `^(export (abstract )?(class|interface|type|const|function)|class|def) ${name}\\b`,
    'm',
  );
  expect(read(file!)).toMatch(definition);
});
