import { AsyncLocalStorage } from 'node:async_hooks';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { VideocapError } from '../../../core/errors.ts';
import { ThreadClient } from '../../../core/thread-client.ts';
import type { ScriptedApi } from './scripted-thread.ts';

const script = new URL('./scripted-thread.ts', import.meta.url);
const client = new ThreadClient<ScriptedApi>({ script, name: 'The scripted thread' });
afterEach(() => client.close());

const ask = (what: string, options?: Parameters<typeof client.call>[2]) => client.call('say', what, options);

test('answers calls in order, from one thread', async () => {
  expect(await Promise.all([ask('a'), ask('b'), ask('c')])).toEqual(['a 1', 'b 2', 'c 3']);
});

test('a thread gets the data that its client was made with', async () => {
  const other = new ThreadClient<ScriptedApi>({ script, data: '!', name: 'Another thread' });
  expect(await other.call('say', 'a')).toBe('a 1!');
  await other.close();
});

test('results move: their memory arrives whole', async () => {
  expect(await client.call('bytes', 3)).toEqual(Uint8Array.of(7, 7, 7));
});

test('an error of ours arrives with its code and stack, an error of the system with its own code', async () => {
  await expect(ask('fail')).rejects.toMatchObject({
    name: 'VideocapError',
    code: 'InvalidModel',
    retryable: false,
    stack: expect.stringContaining('scripted-thread'),
  });
  await expect(ask('full disk')).rejects.toMatchObject({ name: 'Error', code: 'ENOSPC', message: 'no space left' });
  expect(await ask('a')).toBe('a 1');
});

test.each(['exit', 'throw'])(
  'a thread that dies (%s) rejects all open calls, retryably, and the next call has a new one',
  async (how) => {
    const [first, second] = await Promise.allSettled([ask(how), ask('behind it')]);
    const lost = { status: 'rejected', reason: { name: 'VideocapError', code: 'Unavailable', retryable: true } };
    expect(first).toMatchObject(lost);
    expect(second).toMatchObject(lost);
    expect(await ask('a')).toBe('a 1');
  },
);

test.each(['throw null'])('a thread may throw anything (%s)', async (how) => {
  await expect(ask(how)).rejects.toMatchObject({ code: 'Unavailable', retryable: true });
  expect(await ask('a')).toBe('a 1');
});

test('what code in the thread posts by itself answers no call', async () => {
  expect(await ask('post by itself')).toBe('post by itself 1');
  expect(await ask('a')).toBe('a 2');
});

test('closing rejects open calls; the client can be used again', async () => {
  const rejected = expect(ask('wait for cancellation')).rejects.toThrow('The scripted thread stopped: it was closed.');
  await client.close();
  await rejected;
  expect(await ask('a')).toBe('a 1');
});

test('closing waits until native code has returned', async () => {
  const seen: string[] = [];
  let closed: Promise<void> | undefined;
  const call = ask('run native code', {
    onProgress: ({ what }) => {
      seen.push(what);
      closed ??= client.close();
    },
  });
  await expect(call).rejects.toThrow('it was closed');
  await closed;
  expect(seen).toEqual(['waiting', 'returned']);
});

test('an abort rejects at once with its reason, and stops the thread', async () => {
  const control = new AbortController();
  const reason = new Error('enough');
  const waiting = ask('wait for cancellation', { signal: control.signal, onProgress: () => control.abort(reason) });
  await expect(waiting).rejects.toBe(reason);
  expect(await ask('next')).toBe('next 1');
});

test('an abort of a stuck thread ends the thread: other calls reject, the next call starts a new one', async () => {
  const control = new AbortController();
  const stuck = new VideocapError('Stuck', 'No progress.');
  await ask('a');
  const calls = [
    ask('run native code', { signal: control.signal, onProgress: () => control.abort(stuck) }),
    ask('behind it'),
  ];
  const [first, second] = await Promise.allSettled(calls);
  expect(first).toEqual({ status: 'rejected', reason: stuck });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'Unavailable' } });
  expect(await ask('b')).toBe('b 1');
});

test('a signal that is aborted already starts nothing', async () => {
  await expect(ask('a', { signal: AbortSignal.abort(new Error('never mind')) })).rejects.toThrow('never mind');
  expect(await ask('b')).toBe('b 1');
});

test('progress arrives in the async context of its call', async () => {
  const context = new AsyncLocalStorage<string>();
  const seen: (string | undefined)[] = [];
  const onProgress = () => seen.push(context.getStore());
  await context.run('first', () => ask('run native code', { onProgress }));
  await context.run('second', () => ask('run native code', { onProgress }));
  expect(seen).toEqual(['first', 'first', 'second', 'second']);
});

test('an idle thread does not keep its process alive', () => {
  const program = fileURLToPath(new URL('./leave-thread-idle.ts', import.meta.url));
  const runner = fileURLToPath(new URL('../../../core/run-typescript.mjs', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [runner, program], { encoding: 'utf8', timeout: 15_000 });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'a 1\n' });
});
