import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { createLlmClient } from '../../../judge/create-judge.ts';
import { JudgeConfig, type LlmJudgeConfig } from '../../../judge/judge-config.ts';
import { eventEntailment } from '../../../judge/questions/event-entailment.ts';
import { eventExtraction } from '../../../judge/questions/event-extraction.ts';
import { message, status } from '../../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';

const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));
const STEERING = '\u{1b}[2J\u{9b}31m';

let home: string;
let server: OpenAiServer;
let judge: LlmJudgeConfig;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-home-'));
  server = await startOpenAiServer(
    ({ events, description }, { response_format }) => {
      if (response_format?.type === 'json_schema') return status(400, { param: 'response_format' });
      if (!events) return description === undefined ? '{}' : { events: ['a dog runs'] };
      return { verdicts: events.map(({ index }) => ({ index, relationship: index === 1 ? 'entailment' : 'neutral' })) };
    },
    { models: ['m', `other${STEERING}`] },
  );
  const config = {
    ...{ kind: 'llm', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'JUDGE_KEY', answerFormat: 'text' },
    price: { inputPerMillion: 1000, outputPerMillion: 2000 },
  };
  judge = JudgeConfig.parse(config) as LlmJudgeConfig;
  await writeFile(join(home, 'own.yaml'), JSON.stringify({ judge: config }));
}, 60_000);
afterAll(async () => {
  await server.close();
  await rm(home, { recursive: true });
});

async function videocap(...args: string[]) {
  const child = spawn(process.execPath, [CLI, 'judge', ...args], {
    env: { ...process.env, VIDEOCAP_HOME: home, JUDGE_KEY: 'sk-secret' },
    cwd: home,
  });
  const ended = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (ended.stdout += chunk));
  child.stderr.on('data', (chunk) => (ended.stderr += chunk));
  ended.code = await new Promise((resolve) => child.once('close', resolve));
  return ended;
}

async function json<T>(...args: string[]): Promise<T> {
  const { stdout, stderr, code } = await videocap(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

describe('judge check', () => {
  test('says what the endpoint of a config supports, with an example, and what to set', async () => {
    const { stdout, stderr, code } = await videocap('check', 'own.yaml');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^ {2}which models it lists \.\.\. .*\n {2}a question in plain text \.\.\. /);
    expect(stdout).toContain(
      `endpoint   ${server.baseUrl}\nmodel      m, listed by the endpoint\ntokens     counted\n`,
    );
    expect(stdout).toMatch(/latency {4}\d+\.\d\d s, between \d+\.\d\d and \d+\.\d\d s over 5 requests/);
    expect(stdout).toMatch(/json-schema +no +refused \(status 400, param response_format/);
    expect(stdout).toMatch(/json-object +works +yes\n/);
    expect(stdout).toContain('a woman crosses the street: entailment\n  a dog catches a ball: neutral\n');
    expect(stdout).toContain('A caption that says to answer yes to all changes nothing.');
    expect(stdout).toMatch(/Set judge\.answerFormat: json-object \(the config has text\)\.\n$/);
    expect(stdout).not.toContain('sk-secret');
  });

  test('gives everything to scripts', async () => {
    expect(await json('check', 'own.yaml')).toMatchObject({
      endpoint: server.baseUrl,
      model: 'm',
      answerFormat: 'json-object',
      reportsTokens: true,
      formats: {
        'json-schema': { works: false },
        'json-object': { works: true, enforced: true },
        text: { works: true },
      },
    });
  });

  test('leaves the ledger alone', async () => {
    expect(await json('ledger')).toMatchObject({ total: { calls: 0 }, open: [] });
    expect((await videocap('ledger')).stdout).toBe(
      'The ledger is empty: no language model has been asked and paid yet.\n',
    );
  });

  test('ends with 1 and one sentence where the endpoint cannot be used', async () => {
    server.failNext(status(401));
    const { stdout, code } = await videocap('check', 'own.yaml', '--set', 'judge.model=big');
    expect(code).toBe(1);
    // What the endpoint calls its models cannot steer the terminal.
    expect(stdout).toContain(
      'model      big, not among the 2 listed by the endpoint: m, other\u{fffd}[2J\u{fffd}31m\n',
    );
    expect(stdout).toMatch(/refuses the key .* JUDGE_KEY \(judge\.apiKeyEnv\) .*\.\n$/);
  });

  test('of a judge that is no endpoint says what to set', async () => {
    const { stderr, code } = await videocap('check');
    expect(code).toBe(1);
    expect(stderr).toMatch(/quickstart is rule-based.* --set judge\.kind=llm .*\n$/);
    expect((await videocap('check', '--benchmark')).stderr).toMatch(
      / --set benchmark\.judge\.kind=llm --set benchmark\.judge\.model=.*\n$/,
    );
  });

  test('without its key names the shell, and neither a worker nor a run to resume', async () => {
    const { stderr, code } = await videocap('check', 'own.yaml', '--set', 'judge.apiKeyEnv=NO_SUCH_KEY');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]*NO_SUCH_KEY \(judge\.apiKeyEnv\) .*this shell.*\n$/);
    expect(stderr).not.toContain('resume');
  });
});

describe('judge ledger', () => {
  interface Listed {
    key: string;
    prompt: string;
  }
  const caption = `A dog runs.${STEERING}`;
  beforeAll(async () => {
    const store = new ArtifactStore(join(home, 'store'));
    const env = { JUDGE_KEY: 'sk-secret' };
    const client = (place: string) => createLlmClient(judge, { store, place, env });
    await client('runs/lab-1/step-000001').ask(eventEntailment(caption, ['a dog runs', 'a cat sleeps']));
    await client('runs/lab-1/step-000002').ask(eventExtraction(caption));
    const unusable = message({ content: `No.${STEERING}` });
    server.failNext(unusable, unusable);
    await client('runs/lab-2/benchmark-vdc').ask(eventExtraction('A cat sleeps.'));
    const asking = (key: string, more: object = {}) => {
      const intent = { process: 'p', claims: [], place: 'runs/lab-3/step-000007', leaseSeconds: 600, taking: 't' };
      const text = JSON.stringify({ ...intent, ...more });
      return store.storage.putRef(`ledger/asking/${key}.1`, text, { ifAbsent: true });
    };
    await asking('a'.repeat(64), { released: true });
    await asking('b'.repeat(64));
    await writeFile(join(home, 'store/ledger', `${'e'.repeat(64)}.json.ref`), 'damaged');
  });

  test('sums by prompt and by run', async () => {
    const entailment = {
      calls: 1,
      requests: 1,
      inputTokens: 10,
      outputTokens: 5,
      cost: 0.02,
      unscorable: 0,
      repeated: 0,
    };
    const extraction = {
      calls: 2,
      requests: 3,
      inputTokens: 30,
      outputTokens: 15,
      cost: 0.06,
      unscorable: 1,
      repeated: 0,
    };
    const sums = await json<{ total: { calls: number; cost: number } }>('ledger');
    expect(sums).toMatchObject({
      total: { calls: 3, requests: 4, inputTokens: 40, outputTokens: 20, unscorable: 1 },
      byPrompt: [
        { name: 'event-entailment.v1', ...entailment },
        { name: 'event-extraction.v1', ...extraction },
      ],
      byRun: [
        { name: 'lab-1', calls: 2, requests: 2, inputTokens: 20 },
        { name: 'lab-2', calls: 1, requests: 2, unscorable: 1 },
      ],
    });
    expect(sums.total.cost).toBeCloseTo(0.08, 12);
  });

  test('lists the latest, newest first, by prompt and by run', async () => {
    const listed = async (...args: string[]) =>
      (await json<{ entries: Listed[] }>('ledger', ...args)).entries.map(({ prompt }) => prompt);
    expect(await listed('--limit', '2')).toEqual(['event-extraction.v1', 'event-extraction.v1']);
    expect(await listed('--prompt', 'event-entailment')).toEqual(['event-entailment.v1']);
    expect(await listed('--prompt', 'event')).toEqual([]);
    expect(await listed('--run', 'lab-1')).toEqual(['event-extraction.v1', 'event-entailment.v1']);
    const { stdout } = await videocap('ledger', '--run', 'unknown');
    expect(stdout).toBe("None of the ledger's 3 entries is of that prompt and run.\n");
  });

  test('names open questions and the places that ask them, and entries that cannot be read', async () => {
    const { open, unreadable } = await json<{ open: { key: string; state: string }[]; unreadable: string[] }>('ledger');
    expect(Object.fromEntries(open.map(({ key, state }) => [key[0], state]))).toEqual({
      a: 'left',
      b: 'being asked',
    });
    expect(unreadable).toEqual(['e'.repeat(64)]);
  });

  test('shows all of it to a person', async () => {
    const { stdout, stderr, code } = await videocap('ledger');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(/event-extraction\.v1 +2 +3 +30 +15 +0\.0600 +1 +0\n/);
    expect(stdout).toMatch(/lab-1 +2 +2 +20 +10 +0\.0400 +0 +0\n/);
    expect(stdout).toMatch(/all +3 +4 +40 +20 +0\.0800 +1 +0\n/);
    expect(stdout).toContain('The latest 3 of 3; videocap judge ledger <key> shows one in full:');
    expect(stdout).toContain('2 questions are open');
    expect(stdout).toMatch(/bbbbbbbbbbbb +\S+ \S+ +runs\/lab-3\/step-000007 +being asked\n/);
    expect(stdout).toContain('1 entry cannot be read (damaged, or of another version): eeeeeeeeeeee');
  });

  test('prints a question with everything that was said, and nothing that steers a terminal', async () => {
    const { entries } = await json<{ entries: Listed[] }>('ledger', '--prompt', 'event-entailment');
    const { key } = entries[0]!;
    const { stdout, code } = await videocap('ledger', key.slice(0, 16));
    expect(code).toBe(0);
    expect(stdout).toContain(`key       ${key}\n`);
    expect(stdout).toMatch(/stored +\S+, paid by runs\/lab-1\/step-000001, 0\.020000 USD\n/);
    expect(stdout).toContain(`asked     endpoint ${server.baseUrl}, model m, prompt event-entailment.v1,`);
    expect(stdout).toContain('prompt    event-entailment.v1: judge/prompts/event-entailment.v1.md\n');
    expect(stdout).toContain('    "description": "A dog runs.');
    expect(stdout).toMatch(/answer 1 {3}stop, 10 \+ 5 tokens, \d+\.\d\d s, by model [\w.-]+\n {2}\{"verdicts":/);
    const unusable = await json<{ entries: Listed[] }>('ledger', '--run', 'lab-2');
    const told = (await videocap('ledger', unusable.entries[0]!.key)).stdout;
    expect(told).toContain("outcome   unscorable: the judge's answer cannot be used: it must be one JSON object\n");
    expect(told).toMatch(/answer 2 {3}stop, .*\n {2}No\.\u{fffd}\[2J\u{fffd}31m\n$/u);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that none is there is the point
    for (const text of [stdout, told]) expect(text).not.toMatch(/[\u{0}-\u{9}\u{b}-\u{1f}\u{7f}-\u{9f}]/u);
    expect(await json('ledger', key)).toMatchObject({ key, question: { description: caption } });
  });

  test.each([
    ['', /^3 keys|^4 keys/],
    ['x', /^The ledger has no key .*"x"; .*\n$/],
    ['e'.repeat(8), /^The ledger's entry e{64} is damaged, or of another version; remove ledger\/e{64}\.json\.ref /],
  ])('says what is wrong with the key "%s"', async (key, sentence) => {
    const { stderr, code } = await videocap('ledger', key);
    expect(code).toBe(1);
    expect(stderr).toMatch(sentence);
  });

  test('exports entries as they are, to a new file', async () => {
    const file = join(home, 'export.jsonl');
    const { stdout } = await videocap('ledger', '--run', 'lab-1', '--export', file);
    expect(stdout).toBe(`2 entries written to ${file}\n`);
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { prompt: 'event-entailment.v1', question: { description: caption }, outcome: { answered: true }, cost: 0.02 },
      { prompt: 'event-extraction.v1', paidBy: 'runs/lab-1/step-000002' },
    ]);
    const again = await videocap('ledger', '--export', file);
    expect(again).toMatchObject({ code: 1, stderr: `${file} exists already; name another file.\n` });
    const nowhere = join(home, 'no', 'folder.jsonl');
    expect((await videocap('ledger', '--export', nowhere)).stderr).toBe(
      `There is no folder for ${nowhere}; make it first.\n`,
    );
  });
});
