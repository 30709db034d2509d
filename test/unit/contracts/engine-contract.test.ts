import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { engineSchemas } from '../../../contracts/engine-contract.ts';

const folder = new URL('../../../contracts/schemas/', import.meta.url);

test('the committed JSON Schemas are those of the contract: npm run contract', async () => {
  const files = (await readdir(folder)).sort();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  expect(Object.fromEntries(files.map((file, i) => [file, texts[i]]))).toEqual(engineSchemas());
});
