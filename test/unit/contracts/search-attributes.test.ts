import { expect, it } from 'vitest';
import { registrationCommand, SEARCH_ATTRIBUTES } from '../../../contracts/search-attributes.ts';

it('fits into what Temporal has room for on every database: ten keywords, three of each other type', () => {
  const types = Object.values(SEARCH_ATTRIBUTES).map(({ type }) => type);
  const count = (wanted: string) => types.filter((type) => type === wanted).length;
  expect(count('KEYWORD')).toBeLessThanOrEqual(10);
  for (const type of ['INT', 'DOUBLE', 'BOOL']) expect(count(type)).toBeLessThanOrEqual(3);
});

it('names the command that registers those that are missing', () => {
  expect(registrationCommand(['VideocapStep', 'VideocapPaused'], 'team')).toBe(
    'temporal operator search-attribute create --namespace team --name VideocapStep --type Int ' +
      '--name VideocapPaused --type Bool',
  );
});
