import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { expect } from 'vitest';
import { z } from 'zod';
import type { ENGINE_CONTRACT } from '../../contracts/engine-contract.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { CaptionedClip, parseCompletion, Rollout } from '../../core/completion.ts';
import { refsIn } from '../../core/stored-ref.ts';
import { storeScored } from '../stored-scores.ts';
import { storeClips } from '../unit/activities/stage-store.ts';

type Contract = typeof ENGINE_CONTRACT;
type Input<K extends keyof Contract> = z.input<Contract[K]['input']>;
type Output<K extends keyof Contract> = z.infer<Contract[K]['output']>;

export interface EngineUnderTest {
  environment: TestWorkflowEnvironment;
  /** The queue that the engine's worker serves. */
  taskQueue: string;
  /** The store that the worker uses. */
  store: ArtifactStore;
  /** A model that the engine has, and its config section. */
  policy: Input<'loadPolicy'>['policy'];
  /** Folder of the JSON Schemas; default `contracts/schemas`. */
  schemas?: URL;
}

/**
 * Plays one step of training with an engine's five activities through Temporal, whatever the engine is written in:
 * every output meets its committed JSON Schema, a second call at the same place answers the same, every reference
 * verifies, and what is damaged is made again with the same bytes: start weights, completions, checkpoints, captions.
 * An update that is not finite leaves the policy as it was, before the first update and after it.
 */
export async function playEngineContract({
  environment,
  taskQueue,
  store,
  policy,
  schemas = new URL('../../contracts/schemas/', import.meta.url),
}: EngineUnderTest): Promise<void> {
  const caller = `caller-${randomUUID()}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue: caller,
    workflowsPath: fileURLToPath(new URL('engine-activity.ts', import.meta.url)),
  });
  const once = (name: string, input: unknown): Promise<unknown> =>
    environment.client.workflow.execute('engineActivity', {
      taskQueue: caller,
      workflowId: randomUUID(),
      args: [taskQueue, name, input],
    });
  const call = async <K extends keyof Contract>(name: K, input: Input<K>): Promise<Output<K>> => {
    schemaOf(schemas, `${name}.input`).parse(input);
    const output = await once(name, input);
    schemaOf(schemas, `${name}.output`).parse(output);
    for (const how of ['', ', again', ', after damage']) {
      if (how === ', after damage') for (const ref of refsIn(output)) await truncate(await store.localCopy(ref), 3);
      if (how) expect(await once(name, input), `${name}${how}`).toEqual(output);
      expect(await store.firstDamaged(output), `${name}${how}: what it refers to`).toBeUndefined();
    }
    return output as Output<K>;
  };
  await worker.runUntil(async () => {
    const clips = await storeClips(store, ['a', 'b'], 'What happens?');
    const runKey = 'conformance';
    const engine = policy?.engine ?? { kind: 'onnx' };
    const { policy: start } = await call('loadPolicy', { runKey, policy });
    expect(start.step).toBe(0);
    for (const goingOn of [runKey, 'conformance-fork']) {
      await truncate(await store.localCopy(start.weights), 3);
      const loaded = await call('loadPolicy', { runKey: goingOn, policy, reference: start });
      expect(loaded, `the start policy of run ${goingOn}`).toEqual({ policy: start });
    }

    const sampling = {
      groupSize: 2,
      temperature: 1,
      maxNewTokens: 4,
      topK: 50,
      topP: 0.95,
      minP: 0.01,
      repetitionPenalty: 1.1,
    };
    const place = { runKey, step: 1, round: 0, part: 0 };
    const sampled = await call('rolloutGroups', { ...place, policy: start, engine, clips, sampling, seed: 3 });
    const { groups } = await store.readJson(sampled.rollout, Rollout);
    expect(groups.map(({ sampleId, completions }) => [sampleId, completions.length])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
    expect(groups.map(({ prompt }) => prompt)).toEqual(['What happens?', 'What happens?']);
    for (const { tokenIds, logProbs, text, parsed } of groups.flatMap(({ completions }) => completions)) {
      expect(parsed).toEqual(parseCompletion(text));
      expect(logProbs.length).toBe(tokenIds.length);
      expect(tokenIds.length).toBeLessThanOrEqual(sampling.maxNewTokens);
    }

    for (const [from, group] of groups.entries()) {
      const part = { ...place, part: 1 + from, samples: { from, count: 1 } };
      const { rollout } = await call('rolloutGroups', { ...part, policy: start, engine, clips, sampling, seed: 3 });
      const alone = (await store.readJson(rollout, Rollout)).groups;
      const idsOf = ({ sampleId, completions }: (typeof groups)[number]) => [
        ...[sampleId, completions.map(({ tokenIds }) => tokenIds)],
      ];
      expect(alone.map(idsOf), `what is sampled for ${group.sampleId} alone`).toEqual([idsOf(group)]);
    }

    const advantages = groups.map(() => [0.5, -0.5]);
    const batch = {
      learnsFrom: 'completions' as const,
      scored: await storeScored(store, [{ rollout: sampled.rollout, advantages }]),
      clips: [clips],
      temperature: sampling.temperature,
      maxNewTokens: sampling.maxNewTokens,
    };
    const trained = await call('updatePolicy', {
      ...{ runKey, step: 1, policy: start, reference: start, engine, keepEvery: 0 },
      algorithm: { kind: 'grpo' },
      batch,
    });
    expect(trained.policy.step).toBe(1);
    expect(trained.computedWith, 'what the update was computed with').toBeDefined();
    expect(sampled.computedWith, 'what completions were computed with').toEqual(trained.computedWith);
    expect(trained.policy.weights.sha256).not.toBe(start.weights.sha256);

    const far = await storeScored(store, [{ rollout: sampled.rollout, advantages: groups.map(() => [1e308, 1e308]) }]);
    for (const [step, given] of [
      [2, trained.policy],
      [1, start],
    ] as const) {
      const stopped = await call('updatePolicy', {
        ...{ runKey: `conformance-not-finite-${step}`, step, policy: given, reference: start, engine, keepEvery: 0 },
        algorithm: { kind: 'grpo', optimizer: { learningRate: 1 } },
        batch: { ...batch, scored: far },
      });
      expect(stopped.notFinite, 'advantages that no engine can compute with').toBeDefined();
      expect(stopped.metrics.updates).toBe(0);
      expect(stopped.policy.step).toBe(step);
      expect(contentsOf(stopped.policy)).toEqual(contentsOf(given));
      expect(stopped.policy.weights.uri).toContain(`runs/conformance-not-finite-${step}/checkpoints/`);
    }

    const captioned = await call('captionClips', {
      ...{ runKey, step: 1, policy: trained.policy, engine, clips },
      list: 'held-out',
      maxNewTokens: 4,
      decoding: { repetitionPenalty: 1.2 },
    });
    const captions = await store.readJson(captioned.captions, z.array(CaptionedClip));
    expect(captions.map(({ sampleId }) => sampleId)).toEqual(['a', 'b']);

    await call('exportPolicy', { runKey, policy: trained.policy });
  });
}

/** What a policy's files hold, wherever they are. */
function contentsOf({ weights, optimizer }: Output<'updatePolicy'>['policy']): (string | undefined)[] {
  return [weights.sha256, optimizer?.sha256];
}

function schemaOf(schemas: URL, name: string): z.ZodType {
  return z.fromJSONSchema(JSON.parse(readFileSync(new URL(`${name}.json`, schemas), 'utf8')));
}
