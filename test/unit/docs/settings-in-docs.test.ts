import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { fieldsOf } from '../../../configs/known-fields.ts';
import { ExperimentConfig, ExperimentFields } from '../../../configs/schema.ts';

const read = (page: string) => readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');

/** Sections that choose kinds: where a config chooses none, `policy.engine` is of one kind. */
const CHOICES = [undefined, { policy: { engine: { kind: 'torch', rollout: { kind: 'vllm' } } } }];

/** Whether a dotted key is a field of the schema, in any kind of its section. */
function isSetting(key: string): boolean {
  const path = key.split('.');
  return CHOICES.some((chosen) =>
    path.every((name, i) => fieldsOf(ExperimentFields, path.slice(0, i), chosen).includes(name)),
  );
}

/** The keys in backticks of one column of a page's tables: `a.b` of `a.b: value`. */
function keysIn(page: string, column: number): string[] {
  const rows = read(page)
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('|---'));
  const cells = rows.map((row) => row.split(' | ')[column] ?? '');
  return cells.flatMap((cell) =>
    [...cell.matchAll(/`([a-z]+(?:\.[a-zA-Z0-9]+)+)(?:: [^`]*)?`/g)].map(([, key]) => key!),
  );
}

describe('what docs call a setting is one', () => {
  test('docs/coming-from.md, column "here"', () => {
    const keys = keysIn('coming-from.md', 1);
    expect(keys.length).toBeGreaterThan(100);
    expect(keys.filter((key) => !isSetting(key))).toEqual([]);
  });

  test('docs/coming-from.md, defaults in column "here"', () => {
    const defaults = ExperimentConfig.parse({});
    const named = read('coming-from.md')
      .split('\n')
      .map((line) => line.split(' | ')[1] ?? '')
      .flatMap((cell) => [...cell.matchAll(/`([a-z]+(?:\.\w+)*)` \(`?([\w.-]+)`?\)/g)])
      .filter(([, , value]) => value !== 'off');
    expect(named.length).toBeGreaterThan(30);
    const asWritten = ([, key, value]: string[]) => `${key}: ${Number.isNaN(Number(value)) ? value : Number(value)}`;
    const asParsed = ([, key]: string[]) =>
      `${key}: ${key!.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], defaults)}`;
    expect(named.map(asWritten)).toEqual(named.map(asParsed));
  });

  test('docs/reproduce.md, column "here"', () => {
    const keys = keysIn('reproduce.md', 3);
    expect(keys.length).toBeGreaterThan(8);
    expect(keys.filter((key) => !isSetting(key))).toEqual([]);
  });
});

test('the settings of docs/reproduce.md are a valid config, for GRPO and for SFT', () => {
  const block = (name: string) =>
    parse(new RegExp(`\`\`\`yaml ${name}\\n([^]*?)\`\`\``).exec(read('reproduce.md'))![1]!);
  const config = ExperimentConfig.parse(block('config'));
  expect(config.algorithm.steps * config.algorithm.samplesPerStep).toBeGreaterThanOrEqual(1500); // one epoch
  expect(ExperimentConfig.parse({ ...block('config'), ...block('sft') }).algorithm.kind).toBe('sft');
});
