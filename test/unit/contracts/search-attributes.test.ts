import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { registrationCommand, SEARCH_ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import { QUESTIONS } from '../../../contracts/temporal-links.ts';

it('fits into what Temporal has room for on every database: ten keywords, three of each other type', () => {
  const types = Object.values(SEARCH_ATTRIBUTES).map(({ type }) => type);
  const count = (wanted: string) => types.filter((type) => type === wanted).length;
  expect(count('KEYWORD')).toBeLessThanOrEqual(10);
  for (const type of ['INT', 'DOUBLE', 'BOOL']) expect(count(type)).toBeLessThanOrEqual(3);
});

it('names the command that registers those that are missing', () => {
  const words = registrationCommand(['VideocapPaused', 'VideocapReward'], 'team').split(' ').slice(4);
  expect(words).toEqual(
    ['--namespace', 'team'].concat(
      '--name',
      'VideocapReward',
      '--type',
      'Double',
      '--name',
      'VideocapPaused',
      '--type',
      'Bool',
    ),
  );
});

it('stands in the pages for users and for those who deploy, with each type, and so do the questions', () => {
  const page = (name: string) => readFileSync(`docs/${name}.md`, 'utf8');
  const names = Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name);
  const command = registrationCommand(names, 'default').replaceAll(/\s+/g, ' ');
  expect(page('deploy').replaceAll(/\s*\\\n\s*/g, ' ')).toContain(command);
  for (const { name, type } of Object.values(SEARCH_ATTRIBUTES))
    expect(page('temporal-ui')).toContain(`| \`${name}\` | ${type[0]}${type.slice(1).toLowerCase()} |`);
  for (const { question, query } of QUESTIONS)
    expect(page('temporal-ui')).toContain(`| ${question} | \`\` ${query} \`\` |`);
});
