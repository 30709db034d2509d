import { describe, expect, test } from 'vitest';
import { type Identity, MOST_VERSIONS } from '../../../../core/identity.ts';
import { listAll } from '../../../../core/storage.ts';
import { VERSIONS } from '../../../../core/store-layout.ts';
import type { Exchange, LlmEndpoint } from '../../../../judge/client/llm-client.ts';
import { generationsOf, judgeHash } from '../../../../judge/ledger/judge-versions.ts';
import type { Question } from '../../../../judge/questions/question.ts';
import { attempt, question, said, temporaryLedger } from './temporary-ledger.ts';

const A = { model: 'm', fingerprint: 'fp_a' };
const B = { model: 'm', fingerprint: 'fp_b' };
const [TEXT_A, TEXT_B] = ['model m, fingerprint fp_a', 'model m, fingerprint fp_b'];
const seen = (...versions: Identity[]) => versions.map((by) => ({ by }));

describe('the generations of a judge', () => {
  test('the first adds nothing to a key, so that what was paid for before is found', () => {
    expect(generationsOf([])).toMatchObject({ current: undefined, keyPart: undefined });
    expect(generationsOf(seen(A))).toMatchObject({ current: TEXT_A, keyPart: undefined });
  });

  test('a version that takes the place of another begins the next', () => {
    expect(generationsOf(seen(A, B))).toMatchObject({ current: TEXT_B, keyPart: TEXT_B });
  });

  test('versions that take turns are one', () => {
    const { of, keyPart } = generationsOf(seen(A, B, A));
    expect([...of.values()]).toEqual([TEXT_A, TEXT_A]);
    expect(keyPart).toBeUndefined();
  });

  test('versions that take turns after a change are one, and not the one before', () => {
    const [C, D] = ['c', 'd'].map((fingerprint) => ({ model: 'm', fingerprint }));
    const { of, keyPart } = generationsOf(seen(A, B, C!, D!, B));
    expect(of.get(TEXT_A)).toBe(TEXT_A);
    expect([...of.values()].slice(1)).toEqual([TEXT_B, TEXT_B, TEXT_B]);
    expect(keyPart).toBe(TEXT_B);
  });
});

describe('a ledger', () => {
  const place = temporaryLedger();
  /** An endpoint of which one version after another answers, the last for ever; `asked` has who was asked what. */
  function endpoint(...versions: Identity[]) {
    const asked: string[] = [];
    const ask: LlmEndpoint['ask'] = async <T>(
      { read, data }: Question<T>,
      _: unknown,
      watch?: Parameters<LlmEndpoint['ask']>[2],
    ): Promise<Exchange<T>> => {
      await watch?.sending();
      await watch?.requesting();
      asked.push(`${data.description}`);
      const by = versions.length > 1 ? versions.shift()! : versions[0]!;
      const { text } = said() as { text: string };
      return { outcome: read(text) as { answer: T }, attempts: [{ ...attempt(text), seconds: 0, by }] };
    };
    return { name: 'm', asked, identity: () => ({ model: 'm', prompt: 'p' }), ask };
  }
  const inRun = (run: string, step = 1) => ({ place: `runs/${run}/step-${step}`, clock: ticking() });
  /** A clock by which no two moments are the same. */
  function ticking() {
    return { now: () => ++time, sleep: async () => {} };
  }
  let time = 1_000_000;
  const captions = (...names: string[]) => names.map((name) => question(name));

  test('names a few versions of an endpoint that gives a new one with every answer', async () => {
    const versions = Array.from({ length: 20 }, (_, i) => ({ model: 'm', fingerprint: `fp_${i}` }));
    const ledger = place.ledger(endpoint(...versions), inRun('one'));
    for (const one of captions(...versions.map(({ fingerprint }) => fingerprint))) await ledger.ask(one);
    expect(ledger.answeredBy).toEqual(versions.slice(0, MOST_VERSIONS));
  });

  test('is shared by runs of the same judge', async () => {
    const server = endpoint(A);
    for (const run of ['one', 'two']) {
      const ledger = place.ledger(server, inRun(run));
      for (const each of captions('a', 'b')) await ledger.ask(each);
      expect(ledger.answeredBy).toEqual([A]);
    }
    expect(server.asked).toHaveLength(2);
  });

  test('does not give a run that begins with another judge the answers of the one before', async () => {
    await place.ledger(endpoint(A), inRun('one')).ask(question('a'));
    await place.ledger(endpoint(B), inRun('one', 2)).ask(question('b'));
    const server = endpoint(B);
    const ledger = place.ledger(server, inRun('two'));
    for (const each of captions('a', 'b')) await ledger.ask(each);
    expect(server.asked).toHaveLength(2);
    expect(ledger.answeredBy).toEqual([B]);
  });

  test('pays nothing twice in a run whose judge becomes another one, and says who has answered', async () => {
    await place.ledger(endpoint(A), inRun('one')).ask(question('a'));
    const server = endpoint(B);
    const ledger = place.ledger(server, inRun('one', 2));
    for (const each of captions('a', 'b', 'a', 'b')) await ledger.ask(each);
    expect(server.asked).toHaveLength(1);
    expect(ledger.answeredBy).toEqual([A, B]);
  });

  test('keeps to the version that a run began with, though another run has met the next', async () => {
    await place.ledger(endpoint(A), inRun('one')).ask(question('a'));
    await place.ledger(endpoint(B), inRun('other')).ask(question('c'));
    const server = endpoint(B);
    await place.ledger(server, inRun('one', 2)).ask(question('a'));
    expect(server.asked).toHaveLength(0);
  });

  test('is shared by runs of a judge whose servers take turns', async () => {
    const all = captions('a', 'b', 'c', 'd');
    const first = place.ledger(endpoint(A, B, A, B), inRun('one'));
    for (const each of all) await first.ask(each);
    const server = endpoint(B);
    const second = place.ledger(server, inRun('two'));
    for (const each of all) await second.ask(each);
    expect(server.asked).toHaveLength(0);
    expect(second.answeredBy).toEqual([A, B]);
  });

  test('does not take an answer that was overtaken for a judge that came back', async () => {
    const [a, b] = [
      { ...attempt('{}'), by: A, seconds: 0 },
      { ...attempt('{}'), by: B, seconds: 0 },
    ];
    const late = { ...a, seconds: 3600 };
    const answers = [a, b, late];
    const ask: LlmEndpoint['ask'] = async <T>(
      { read }: Question<T>,
      _: unknown,
      watch?: Parameters<LlmEndpoint['ask']>[2],
    ): Promise<Exchange<T>> => {
      await watch?.sending();
      const { text } = said() as { text: string };
      return { outcome: read(text) as { answer: T }, attempts: [{ ...answers.shift()!, text }] };
    };
    const ledger = place.ledger({ name: 'm', identity: () => ({ model: 'm', prompt: 'p' }), ask }, inRun('one'));
    for (const each of captions('a', 'b', 'c')) await ledger.ask(each);
    const noted: string[] = [];
    for await (const { key } of listAll(place.store.storage, VERSIONS)) noted.push(key);
    expect(noted).toHaveLength(2);
  });

  test('goes on where a note of a version is damaged', async () => {
    const hash = judgeHash({ model: 'm', prompt: 'p' });
    await place.store.storage.putRef(`${VERSIONS}${hash}.1`, '{', { ifAbsent: true });
    const ledger = place.ledger(endpoint(A), inRun('one'));
    expect(await ledger.ask(question('a'))).toEqual({ answer: ['entailment'] });
    expect((await place.store.storage.getRef(`${VERSIONS}${hash}.2`))?.text).toContain('fp_a');
  });

  test('of a server that names itself anew with every answer stays small', async () => {
    const versions = Array.from({ length: 100 }, (_, i) => ({ fingerprint: `fp_${i}` }));
    const ledger = place.ledger(endpoint(...versions), inRun('one'));
    for (const each of captions(...versions.map(({ fingerprint }) => fingerprint))) await ledger.ask(each);
    const noted: string[] = [];
    for await (const { key } of listAll(place.store.storage, VERSIONS)) noted.push(key);
    expect(noted).toHaveLength(64);
  });
});
