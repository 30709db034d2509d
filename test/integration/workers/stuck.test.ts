import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../core/artifact-store.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { SentenceEmbedding } from '../../../rewards/think/sentence-embedding.ts';
import { ActivityRuntime } from '../../../workers/activity-runtime.ts';
import { cancellationSignal, reportProgress } from '../../../workers/current-attempt.ts';
import { noisyFrames } from '../policy/onnx/noisy-frames.ts';
import { startTemporal } from '../temporal-server.ts';
import { runOneActivity } from './run-one-activity.ts';

const SCRIPT = new URL('hanging-thread.ts', import.meta.url);

let environment: TestWorkflowEnvironment;
let request: Parameters<OnnxEngine['generate']>[0];
beforeAll(async () => {
  environment = await startTemporal();
  const path = join(openModelFolder('tiny').path, 'model.safetensors');
  const policy = { model: 'tiny', weights: { path, sha256: sha256(await readFile(path)) } };
  const clips = [{ sampleId: 'a', frames: noisyFrames(1, [8, 84, 84]), prompt: 'Describe the video.' }];
  request = { engine: { kind: 'onnx', threads: 1 }, policy, clips, groupSize: 1, maxNewTokens: 4 };
  // The thread's sources are translated when it first starts, which may take longer than the patience of the tests.
  const engine = new OnnxEngine(SCRIPT);
  await engine.generate(request);
  await engine.close();
});
afterAll(() => environment?.teardown());

/** An engine whose first thread hangs so. */
function hangingEngine(how: string): OnnxEngine {
  process.env.VIDEOCAP_TEST_HANG = how;
  return new OnnxEngine(SCRIPT);
}

describe('a policy engine whose thread hangs', () => {
  it.each(['spins', 'sleeps', 'is in a graph'])(
    '%s: is noticed, named and replaced by the next attempt',
    async (how) => {
      const engine = hangingEngine(how);
      const failures: unknown[] = [];
      const attempt = async () => {
        const { attempt: number } = Context.current().info;
        if (number > 1) delete process.env.VIDEOCAP_TEST_HANG;
        return engine
          .generate(request, { onProgress: reportProgress, signal: cancellationSignal() })
          .then((groups) => [number, groups[0]!.completions[0]!.tokenIds.length])
          .catch((error) => {
            failures.push(error);
            throw error;
          });
      };
      const run = runOneActivity(environment, attempt, (context) => {
        // On a busy machine a thread takes seconds to start, and a sound engine more to load.
        const stuckMilliseconds = context.info.attempt === 1 ? 5000 : 60_000;
        return new ActivityRuntime(context, { stuckMilliseconds });
      });
      expect(await run).toEqual([2, 4]);
      expect(failures).toMatchObject([
        {
          code: 'Stuck',
          message: expect.stringMatching(/attempt has made no progress for \d+ s, at "gradients", 3 of 8/),
        },
      ]);
      await engine.close();
    },
  );

  it('is left alone by an ordinary cancellation, which a graph run in good health may outlast', async () => {
    const engine = hangingEngine('is in a graph');
    const cancelled = new AbortController();
    const first = engine.generate(request, { signal: cancelled.signal, onProgress: () => cancelled.abort() });
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    delete process.env.VIDEOCAP_TEST_HANG;
    // The same thread, which hangs again: it was not replaced.
    await expect(engine.generate(request)).rejects.toThrow('too late');
    await engine.close();
  });
});

describe('a sentence-embedding thread that hangs', () => {
  it('is noticed and replaced, for every caller that waits', async () => {
    process.env.VIDEOCAP_TEST_HANG = 'spins';
    const embedding = new SentenceEmbedding('.videocap', SCRIPT, 0.5);
    const stuck = { code: 'Stuck', message: expect.stringMatching(/no answer for 0.5 s/) };
    await expect(embedding.prepare(['a red star'])).rejects.toMatchObject(stuck);
    await expect(embedding.prepare(['a red star'])).rejects.toMatchObject(stuck);
    delete process.env.VIDEOCAP_TEST_HANG;
    await embedding.close();
  });
});
