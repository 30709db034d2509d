import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { Fences } from '../../../core/fence.ts';
import { FileStorage } from '../../../core/file-storage.ts';
import { ActivityRuntime, type RuntimeOptions } from '../../../workers/activity-runtime.ts';
import { cancellationSignal, currentAttempt, reportProgress } from '../../../workers/current-attempt.ts';
import { readSettings } from '../../../workers/settings.ts';
import { refusal } from '../../refusal.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-attempt-'));
  store = new ArtifactStore(root, { fence: currentAttempt });
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Does the work as an activity with the given attempt number. */
function perform(
  work: () => Promise<unknown>,
  info: object = {},
  options: RuntimeOptions = { fences: new Fences(new FileStorage(root)) },
): Promise<unknown> {
  const environment = new MockActivityEnvironment({ heartbeatTimeoutMs: 12_000, ...info });
  const runtime = new ActivityRuntime(environment.context, options);
  return environment.run(() => runtime.execute({ args: [{ runKey: 'r' }], headers: {} }, work));
}

describe('an attempt that does not move', () => {
  const options = { stuckMilliseconds: 100 };

  it('is ended with what it was at, to be tried again; its work is aborted and stores nothing', async () => {
    let aborted: Promise<unknown> | undefined;
    let late: Promise<unknown> | undefined;
    const work = async () => {
      reportProgress({ done: 3, total: 8, what: 'gradients' });
      const signal = cancellationSignal()!;
      aborted = new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(signal.reason));
      });
      late = aborted.then(() => store.put('late', 'x')).catch((error: unknown) => error);
      await new Promise(() => undefined);
    };
    await expect(perform(work, {}, options)).rejects.toMatchObject({
      type: 'Stuck',
      nonRetryable: false,
      message: expect.stringMatching(/no progress for 0 s, at "gradients", 3 of 8.*VIDEOCAP_STUCK_SECONDS/),
    });
    expect(await aborted).toMatchObject({ code: 'Stuck' });
    expect(await late).toMatchObject({ code: 'Superseded' });
    expect(await store.find('late')).toBeUndefined();
  });

  it('is left alone as long as it reports, however slowly it gets on', async () => {
    vi.useFakeTimers();
    const work = async () => {
      for (let i = 0; i < 100; i++) {
        await sleep(90);
        reportProgress({ done: 1, total: 1000, what: 'tokens' });
      }
      return 'done';
    };
    const done = perform(work, {}, options);
    await vi.advanceTimersByTimeAsync(9000);
    expect(await done).toBe('done');
  });

  describe('that went fast until then', () => {
    const limit = { stuckMilliseconds: 600_000 };
    const hanging = (total: number) => async () => {
      for (let done = 0; done < 4; done++) {
        reportProgress({ done, total, what: 'gradients' });
        await sleep(50);
      }
      return sleep(3_600_000);
    };

    it.each([
      [0, 10_000],
      [1, 20_000],
      [3, 80_000],
      [20, 600_000],
    ])('after %i attempts that were ended for it, is ended after %i ms', async (stuck, expected) => {
      vi.useFakeTimers();
      const ended = vi.fn();
      const info = { heartbeatTimeoutMs: 0, heartbeatDetails: { stuck } };
      const done = perform(hanging(9), info, limit).catch(ended);
      await vi.advanceTimersByTimeAsync(expected);
      expect(ended).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(5000);
      await done;
      expect(ended).toHaveBeenCalledWith(expect.objectContaining({ type: 'Stuck' }));
    });

    it('is given all the time there is once all of it is reported: what is left is storing', async () => {
      vi.useFakeTimers();
      const ended = vi.fn();
      const done = perform(hanging(3), { heartbeatTimeoutMs: 0 }, limit).catch(ended);
      await vi.advanceTimersByTimeAsync(599_000);
      expect(ended).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(6000);
      await done;
      expect(ended).toHaveBeenCalled();
    });
  });

  it('waits as long as it likes where no limit is set', async () => {
    vi.useFakeTimers();
    const done = perform(() => sleep(86_400_000).then(() => 'done'), { heartbeatTimeoutMs: 0 }, {});
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(await done).toBe('done');
  });
});

describe('an attempt that another has taken over', () => {
  it('fails when it stores something, with an error that Temporal retries', async () => {
    const work = async () => {
      await perform(() => store.put('k', 'of the second'), { attempt: 2 });
      await store.put('k2', 'of the first');
    };
    await expect(perform(work)).rejects.toMatchObject({ type: 'Superseded', nonRetryable: false });
    expect((await readdir(root)).filter((name) => name.startsWith('k'))).toHaveLength(2);
  });

  it('knows by itself that it is lost when its process did not run for longer than the heartbeat timeout', async () => {
    const work = async () => {
      await store.put('before', 'x');
      const now = performance.now();
      vi.spyOn(performance, 'now').mockImplementation(() => now + 13_000);
      await store.put('after', 'x');
    };
    await expect(perform(work)).rejects.toMatchObject({
      type: 'Superseded',
      message: expect.stringMatching(/did not run for 13 s, and after 12 s/),
    });
    expect(await store.find('before')).toBeDefined();
    expect(await store.find('after')).toBeUndefined();
  });

  it('does not mind clocks that are set', async () => {
    const work = async () => {
      vi.spyOn(Date, 'now').mockImplementation(() => 4e12);
      return store.put('k', 'x');
    };
    await expect(perform(work)).resolves.toBeDefined();
  });
});

describe('the limit for stuck computations', () => {
  it('is ten minutes, and VIDEOCAP_STUCK_SECONDS changes it', () => {
    expect(readSettings({}).stuckSeconds).toBe(600);
    expect(readSettings({ VIDEOCAP_STUCK_SECONDS: '7200' }).stuckSeconds).toBe(7200);
  });

  it.each(['0', '-1', 'never'])('is refused where it is "%s"', (text) => {
    expect(() => readSettings({ VIDEOCAP_STUCK_SECONDS: text })).toThrow(
      refusal('InvalidConfig', `VIDEOCAP_STUCK_SECONDS is "${text}"`),
    );
  });
});
