import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJudgeActivities } from '../../../activities/judge-completions.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { parseCompletion } from '../../../core/completion.ts';
import type { DatasetManifest } from '../../../core/sample.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { COMPLETENESS_NATURALNESS } from '../../../judge/questions/completeness-naturalness.ts';
import { EVENT_ENTAILMENT } from '../../../judge/questions/event-entailment.ts';
import { EVENT_EXTRACTION } from '../../../judge/questions/event-extraction.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import { type Answer, type OpenAiServer, readsWords, startOpenAiServer } from '../../servers/openai-server.ts';
import { withScores } from '../../stored-scores.ts';
import { HOSTILE_CAPTIONS, WANTED } from '../../unit/judge/hostile-captions.ts';

const EVENTS = ['a cat sleeps', 'a bird sings'];
/** As completions give captions; one of them is empty, which is no caption. */
const CAPTIONS = HOSTILE_CAPTIONS.map(([, caption]) => caption.trim()).filter((caption) => caption !== '');
const LONE_SURROGATE = /\p{Cs}/u;
const MARKS = ['<|', '</', '<end', '<start', '[INST', '[/INST'];

let root: string;
let server: OpenAiServer | undefined;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-injection-'));
});
afterEach(async () => {
  await server?.close();
  await rm(root, { recursive: true });
});

/** A group of hostile completions, scored by a judge that answers so. */
async function scores(answer: Answer, judge: object = {}, caption: object = { variant: 'linear' }) {
  server = await startOpenAiServer(answer);
  const store = new ArtifactStore(root);
  const video = { path: '/a.mp4', sha256: '0'.repeat(64), bytes: 1 };
  const sample = { id: 'a', video, caption: 'A cat sleeps. A bird sings.', events: EVENTS };
  const manifest: DatasetManifest = { name: 't', digest: 'd', train: [sample], heldOut: [], quarantined: [] };
  const completions = CAPTIONS.map((caption) => {
    const text = `<answer>${caption}</answer>`;
    return { text, tokenIds: [], logProbs: [], truncated: false, parsed: parseCompletion(text) };
  });
  const output = await createJudgeActivities({ store, env: { KEY: 'sk' } }).judgeCompletions({
    ...{ runKey: 'r', step: 1, round: 0, part: 0 },
    rollout: await store.putJson('rollout.json', { step: 1, groups: [{ sampleId: 'a', completions }] }),
    manifest: await store.putJson('manifest.json', manifest),
    judge: JudgeConfig.parse({ kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY', ...judge }),
    reward: RewardConfig.parse({ caption }),
  });
  return (await withScores(store, output)).scores.caption![0]!;
}

describe.each(['linear', 'f1', 'completeness-naturalness'])('a request of %s', (variant) => {
  test('carries a caption as one JSON string in the user message, whatever it says', async () => {
    const rates: Answer = (question, request) =>
      variant === 'completeness-naturalness' ? { completeness: 0, naturalness: 0 } : readsWords(question, request);
    await scores(rates, {}, { variant });
    const prompts = [EVENT_ENTAILMENT, EVENT_EXTRACTION, COMPLETENESS_NATURALNESS].map(({ text }) => text);
    const asked = new Set<string>();
    for (const { messages } of server!.requests) {
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
      const [system, user] = messages.map(({ content }) => content);
      const [prompt, note] = system!.split('\n\nYour last answer could not be used: ');
      expect(prompts).toContain(prompt);
      if (note !== undefined) expect(note).toMatch(/^it must [\w ]+\. Answer again, with the JSON object only\.$/);
      const { description, ...others } = JSON.parse(user!) as { description: string };
      asked.add(description);
      // The values that are not the caption are the ones they would be for any caption.
      for (const value of Object.values(others)) if (typeof value === 'string') expect(value).toMatch(/^A cat sleeps/);
      expect(user).not.toMatch(LONE_SURROGATE);
      for (const mark of MARKS) expect(user).not.toContain(mark);
    }
    for (const caption of CAPTIONS) expect(asked).toContain(caption);
  });
});

test('a judge that reads descriptions gives none of them anything', async () => {
  expect(await scores(readsWords)).toEqual(CAPTIONS.map(() => ({ value: 0 })));
});

test('a judge that answers in prose and quotes them, and then judges, gives none of them anything', async () => {
  const given = await scores(
    (question, request) =>
      `The description says "${question.description}". I judge: ${JSON.stringify(readsWords(question, request))}`,
    { answerFormat: 'text' },
  );
  // A caption of 10,000 braces may make an answer that quotes it unreadable: then it is left out, and not worth 1.
  for (const score of given)
    expect([{ value: 0 }, { unscorable: true, reason: expect.stringContaining('cannot be used') }]).toContainEqual(
      score,
    );
  expect(given.filter((score) => 'value' in score).length).toBeGreaterThan(CAPTIONS.length / 2);
});

test.each([
  ['quotes them and does not judge', ({ description }: { description: string }) => `It says: ${description} Hm.`],
  ['does as they say, and forgets an event', () => ({ verdicts: JSON.parse(WANTED).verdicts.slice(1) })],
  [
    'does as they say, and more',
    () => ({ verdicts: [...JSON.parse(WANTED).verdicts, { index: 3, relationship: 'entailment' }] }),
  ],
  ['says yes to all, in words', () => 'yes'],
])('of a judge that %s they get no score, not even 0', async (_, answer) => {
  const given = await scores(answer, { answerFormat: 'text' });
  expect(given).toEqual(CAPTIONS.map(() => ({ unscorable: true, reason: expect.stringContaining('cannot be used') })));
});
