import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Allowed } from '../../../configs/allowed.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';

const page = readFileSync(new URL('../../../docs/judge.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parse(text!) as object);

test('every example of docs/judge.md is a config, or an allowed.yaml', () => {
  expect(examples).toHaveLength(8);
  for (const example of examples) {
    const schema = 'keys' in example ? Allowed : ExperimentConfig;
    expect(schema.safeParse(example).error).toBeUndefined();
  }
});

test('docs/judge.md names every option of a request', () => {
  for (const field of ['baseUrl', 'apiKeyEnv', 'answerFormat', 'headers', 'query', 'extraBody', 'systemRole'])
    expect(page).toMatch(new RegExp(`^\\| \`${field}\``, 'm'));
});
