import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { settingsPage } from '../../../scripts/settings/settings-page.ts';

const COMMITTED = new URL('../../../docs/settings.md', import.meta.url);

/** Cells of the row of a key, in the table under a heading. */
function row(page: string, heading: string, key: string): string[] {
  const section = page.split('\n## ').find((text) => text.startsWith(`${heading}\n`))!;
  const line = section.split('\n').find((text) => text.startsWith(`| \`${key}\` |`))!;
  return line.split(/(?<!\\) ?\| ?/).slice(2, -1);
}

test('docs/settings.md is the page of the schema: npm run settings', { timeout: 60_000 }, async () => {
  const page = settingsPage();
  expect(await readFile(COMMITTED, 'utf8')).toBe(page);
  // Through each of the ways in which a schema is put together:
  const grpo = '`algorithm`, `kind: grpo`';
  const gspo = '`algorithm`, `kind: gspo`';
  expect(row(page, grpo, 'beta')).toEqual(['Weight of the k3 KL to the reference policy.', 'number, from 0', '`0.04`']);
  expect(row(page, gspo, 'beta')[2]).toBe('`0`'); // extended
  expect(row(page, gspo, 'samplesPerStep')).toEqual(row(page, grpo, 'samplesPerStep')); // inherited
  expect(() => row(page, gspo, 'aggregation')).toThrow(); // omitted
  expect(row(page, '`sampling`', 'topP')).toEqual(row(page, '`benchmark`', 'topP')); // spread
  // In a list.
  expect(row(page, '`dataset`, `kind: jsonl`', 'train[].weight')[1]).toBe('number, from 0.000001 to 1000000');
  expect(row(page, '`reward.custom.NAME`, `kind: http`', 'timeoutSeconds')[2]).toBe('`60`'); // in a record, by kind
  expect(row(page, '`reward`', 'overlong.maxTokens')[2]).toBe('**required**'); // in an optional section
  expect(row(page, '`reward`', 'overlong.weight')[0]).toContain('How much the component counts'); // a shared field
  expect(row(page, '`benchmark`', 'judge')[1]).toBe('section, as `judge`');
});
