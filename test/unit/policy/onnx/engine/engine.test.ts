import { afterEach, expect, test } from 'vitest';
import { PolicyEngine } from '../../../../../policy/onnx/engine/engine.ts';

const engine = new PolicyEngine(new URL('./scripted-engine-thread.mjs', import.meta.url));
afterEach(() => engine.close());

const ask = (model: string, options?: Parameters<PolicyEngine['generate']>[1]) =>
  engine
    .generate(
      { policy: { model, weights: { path: '', sha256: '' } }, threads: 1, clips: [], groupSize: 1, maxNewTokens: 1 },
      options,
    )
    .then(([group]) => group!.sampleId);

test('answers requests in order, from one thread', async () => {
  expect(await Promise.all([ask('a'), ask('b'), ask('c')])).toEqual(['a 1', 'b 2', 'c 3']);
});

test('an error of ours arrives with its code, an error of the system with its own', async () => {
  await expect(ask('fail')).rejects.toMatchObject({ name: 'VideocapError', code: 'InvalidModel', retryable: false });
  await expect(ask('full disk')).rejects.toMatchObject({ name: 'Error', code: 'ENOSPC', message: 'no space left' });
});

test.each(['exit', 'throw'])(
  'a thread that dies (%s) rejects everyone who waits, retryably, and the next call has a new one',
  async (how) => {
    const [first, second] = await Promise.allSettled([ask(how), ask('behind it')]);
    const lost = { status: 'rejected', reason: { name: 'VideocapError', code: 'Unavailable', retryable: true } };
    expect(first).toMatchObject(lost);
    expect(second).toMatchObject(lost);
    expect(await ask('a')).toBe('a 1');
  },
);

test('closing tells whoever still waits; the engine can be used again', async () => {
  const waiting = ask('wait for cancellation');
  const rejected = expect(waiting).rejects.toThrow("The policy engine's thread stopped: it was closed.");
  await engine.close();
  await rejected;
  expect(await ask('a')).toBe('a 1');
});

test('an abort rejects at once with its reason, and tells the thread to stop', async () => {
  const control = new AbortController();
  const reason = new Error('enough');
  const waiting = ask('wait for cancellation', { signal: control.signal, onProgress: () => control.abort(reason) });
  await expect(waiting).rejects.toBe(reason);
  expect(await ask('next')).toBe('next 2');
});

test('a signal that is aborted already starts nothing', async () => {
  await expect(ask('a', { signal: AbortSignal.abort(new Error('never mind')) })).rejects.toThrow('never mind');
  expect(await ask('b')).toBe('b 1');
});
