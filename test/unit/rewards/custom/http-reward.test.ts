import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Score } from '../../../../core/score.ts';
import type { ScoringScope } from '../../../../rewards/custom/scorer.ts';
import { RewardConfig } from '../../../../rewards/registry.ts';
import { naming, refusal } from '../../../refusal.ts';
import { flood } from '../../../servers/flood.ts';
import { CustomWorld, groupOf } from './custom-world.ts';

interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
  /** Never answers; or begins to answer, and never ends. */
  silent?: true;
  endless?: true;
}

let replies: Reply[] = [];
const asked: { path: string; headers: IncomingHttpHeaders; body: string }[] = [];
/** Gives the replies in turn, the last one again and again. */
const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  asked.push({ path: request.url!, headers: request.headers, body });
  const reply = replies.length > 1 ? replies.shift()! : replies[0]!;
  const { status = 200, headers = {}, body: text = '', silent, endless } = reply;
  if (silent) return;
  response.writeHead(status, headers);
  if (endless) flood(response, text);
  else response.end(text);
});
let url: string;
let world: CustomWorld;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  asked.length = 0;
  world = await CustomWorld.create();
  return () => world.remove();
});

const SECRET = 'a-very-long-secret-token';
const scope = (more: Partial<ScoringScope> = {}, address = `${url}/score`) =>
  world.scope(
    { urls: { mine: { url: address, headers: { Authorization: 'TOKEN' } } } },
    { env: { TOKEN: SECRET }, ...more },
  );
const reward = (more: object = {}) => RewardConfig.parse({ custom: { mine: { kind: 'http', ...more } } });

/** What the server says of two completions. */
async function scored(reply: Reply | Reply[], more: object = {}, within?: ScoringScope): Promise<Score[]> {
  replies = [reply].flat();
  return (await world.scores(reward(more), within ?? scope(), groupOf('x', 'y')))[0]!;
}
const because = (reason: string) => ({ unscorable: true, reason: `Reward mine: ${reason}` });
const json = (value: unknown): Reply => ({ body: JSON.stringify(value) });

describe('a reward server', () => {
  test('may be given any time, not whole milliseconds alone', async () => {
    expect(await scored(json({ scores: [1, 0] }), { timeoutSeconds: 1.2345678 })).toEqual([{ value: 1 }, { value: 0 }]);
  });

  test('is sent a group with the header from the environment, and gives a score for each completion', async () => {
    expect(await scored(json({ scores: [0.5, 1] }))).toEqual([{ value: 0.5 }, { value: 1 }]);
    const [{ path, headers, body }] = asked as [(typeof asked)[0]];
    expect(path).toBe('/score');
    expect(headers).toMatchObject({ authorization: SECRET, 'content-type': 'application/json' });
    expect(JSON.parse(body)).toEqual({
      reward: 'mine',
      sample: { id: 'a', caption: 'A small red star grows.', events: ['a small red star grows'] },
      completions: [
        { text: '<answer>x</answer>', wellFormed: false, caption: 'x' },
        { text: '<answer>y</answer>', wellFormed: false, caption: 'y' },
      ],
    });
  });

  test('may have no score for one of them', async () => {
    expect(await scored(json({ scores: [null, { error: 'too short' }] }))).toEqual([
      because('it gave no score'),
      because('too short'),
    ]);
    expect(
      await scored(json({ scores: [2, -1] }), { range: [0, 2] }, scope({ place: { runKey: 'r', step: 2 } })),
    ).toEqual([{ value: 2 }, { unscorable: true, reason: naming('mine', '-1', '0 to 2') }]);
  });

  test.each<[string, Reply, string]>([
    ['NaN, as Python writes it', { body: '{"scores": [NaN, 1]}' }, 'is not JSON'],
    ['nothing', {}, 'is not JSON'],
    ['another form', json([1, 2]), 'must be {"scores": [...]}'],
    ['texts', json({ scores: ['1', '2'] }), 'must be {"scores": [...]}'],
    ['too few', json({ scores: [1] }), '1 scores for 2 completions'],
    ['too much', { body: `{"scores": [1, 2], "why": "${'x'.repeat(2 ** 20)}"}` }, 'more than 1048576 bytes'],
    ['scores, and blanks for ever', { ...json({ scores: [1, 2] }), endless: true }, 'more than 1048576 bytes'],
    ['a refusal', { status: 422 }, 'status 422'],
    ['a refusal that never ends', { status: 422, endless: true }, 'status 422'],
  ])('that answers with %s: all of the group is unscorable', async (_, reply, reason) => {
    const scores = await scored(reply);
    expect(scores).toHaveLength(2);
    for (const score of scores) expect((score as { reason: string }).reason).toContain(reason);
    expect(asked).toHaveLength(1);
  });

  test('is asked once: a retry finds the answer', async () => {
    const first = await scored(json({ scores: [0.5, null] }));
    expect(await scored(json({ scores: [1, 1] }))).toEqual(first);
    expect(asked).toHaveLength(1);
    // Another step asks for itself.
    expect(await scored(json({ scores: [1, 1] }), {}, scope({ place: { runKey: 'r', step: 2 } }))).toHaveLength(2);
    expect(asked).toHaveLength(2);
  });

  test('that is back soon costs nothing', async () => {
    expect(await scored([{ status: 503 }, { status: 429 }, json({ scores: [0, 1] })])).toEqual([
      { value: 0 },
      { value: 1 },
    ]);
  });

  test('that stays away is asked again later, and after all patience a person is asked', async () => {
    await expect(scored({ status: 503 })).rejects.toThrow(refusal('Unavailable', 'mine', url, '(status 503)'));
    await expect(scored({ silent: true }, { timeoutSeconds: 0.05 })).rejects.toThrow(
      refusal('Unavailable', '0.05 s', '(reward.custom.mine.timeoutSeconds)'),
    );
    await expect(scored({}, {}, scope({}, 'http://127.0.0.1:9/'))).rejects.toMatchObject({ code: 'Unavailable' });
    const outage = { since: () => Date.now() - 61_000, answered: () => {} };
    await expect(scored({ status: 503 }, { patienceSeconds: 60 }, scope({ outage }))).rejects.toThrow(
      refusal('JudgeBlocked', '61 s', 'reward.custom.mine.patienceSeconds is 60'),
    );
  });

  test.each([401, 403, 404])('that answers %i pauses the run at once', async (status) => {
    const answered = scored({ status, body: SECRET });
    await expect(answered).rejects.toThrow(
      refusal('JudgeBlocked', `mine at ${url}/score`, `(status ${status})`, 'allowed.yaml', '`videocap resume`'),
    );
    await expect(answered).rejects.not.toThrow(SECRET);
    expect(asked).toHaveLength(1);
  });

  test('is not followed to an address that is not allowed', async () => {
    await expect(scored({ status: 307, headers: { location: `${url}/elsewhere` } })).rejects.toThrow(
      refusal('JudgeBlocked', '(status 307)', 'allow the address'),
    );
    expect(asked.map(({ path }) => path)).toEqual(['/score']);
  });

  test('that repeats the header has it removed', async () => {
    const [score] = await scored(json({ scores: [{ error: `bad token ${SECRET}` }, 1] }));
    expect(score).toEqual(because('bad token ***'));
  });
});

describe('the header of a reward', () => {
  const refused = (env: NodeJS.ProcessEnv) => expect(world.pinned({ mine: { kind: 'http' } }, scope({ env }))).rejects;

  test('must be in the environment before a run begins', async () => {
    await refused({}).toThrow(
      refusal('InvalidConfig', 'TOKEN', 'Authorization of reward.custom.mine', 'not set', 'videocap up'),
    );
  });

  test('is not shown where it can be none', async () => {
    await refused({ TOKEN: `${SECRET}\nX-Other: 1` }).toThrow(refusal('InvalidConfig', 'TOKEN', 'a line break'));
    await refused({ TOKEN: `${SECRET}\nX-Other: 1` }).not.toThrow(SECRET);
  });
});
