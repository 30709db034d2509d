import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { COMMAND_SENTENCES } from '../sentences/commands.ts';
import { CONFIG_SENTENCES } from '../sentences/configs.ts';
import { DATASET_SENTENCES } from '../sentences/datasets.ts';
import { JUDGE_SENTENCES } from '../sentences/judge.ts';
import { MODEL_SENTENCES } from '../sentences/models.ts';
import { REWARD_SENTENCES } from '../sentences/rewards.ts';
import { ROLLOUT_SENTENCES } from '../sentences/rollouts.ts';
import { RUN_SENTENCES } from '../sentences/runs.ts';
import { type PinnedSentence, sentenceOf } from '../sentences/sentence.ts';
import { STORE_SENTENCES } from '../sentences/stores.ts';

/**
 * The sentences that users meet, each pinned once, in the table of its area. Other tests assert the error's code and
 * what the sentence names (`test/refusal.ts`).
 */
const AREAS: Readonly<Record<string, readonly PinnedSentence[]>> = {
  configs: CONFIG_SENTENCES,
  datasets: DATASET_SENTENCES,
  models: MODEL_SENTENCES,
  judge: JUDGE_SENTENCES,
  rewards: REWARD_SENTENCES,
  rollouts: ROLLOUT_SENTENCES,
  runs: RUN_SENTENCES,
  stores: STORE_SENTENCES,
  commands: COMMAND_SENTENCES,
};

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Characters in a row that no other test may share with a pinned sentence. Shorter ones are facts, not wording. */
const WORDING = 40;

describe.each(Object.entries(AREAS))('%s', (_, sentences) => {
  test.each(sentences)('%s', async (sentence, produce) => {
    expect(await sentenceOf(produce)).toBe(sentence);
  });
});

test('no other test repeats the wording of a pinned sentence', () => {
  const pinned = new Set(Object.values(AREAS).flatMap((area) => area.flatMap(([sentence]) => wordingOf(sentence))));
  const tests = execFileSync('git', ['ls-files', 'test/**/*.ts'], { cwd: ROOT }).toString().trimEnd().split('\n');
  const others = tests.filter((file) => !file.startsWith('test/sentences/'));
  expect(others.length).toBeGreaterThan(300);
  const repeated = others.flatMap((file) =>
    firstRepetition(pinned, readFileSync(join(ROOT, file), 'utf8')).map((words) => `${file}: ${words}`),
  );
  expect(repeated).toEqual([]);
});

test.each([
  "expect(message).toContain('The judge has no quota left: top up the account.');",
  "expect(message).toBe('The judge has no ' +\n    `quota left: top up the account.`);",
  'expect(message).toMatch(/^The judge has no quota left: top up the account\\.$/);',
])('a repetition is found, however it is written: %s', (source) => {
  const pinned = new Set(wordingOf('JudgeBlocked: The judge has no quota left: top up the account.'));
  expect(firstRepetition(pinned, source)).toEqual(['The judge has no quota left: top up the ']);
});

function wordingOf(sentence: string): string[] {
  return Array.from({ length: Math.max(0, sentence.length - WORDING + 1) }, (_, i) => sentence.slice(i, i + WORDING));
}

/** The first piece of wording that a source repeats, with its literals joined and the escapes of regexes undone. */
function firstRepetition(pinned: ReadonlySet<string>, source: string): string[] {
  const text = source.replaceAll(/(['"`])\s*\+\s*(['"`])/g, '').replaceAll(/\\([^nrtu\d])/g, '$1');
  const found = wordingOf(text).find((words) => pinned.has(words));
  return found === undefined ? [] : [found];
}
