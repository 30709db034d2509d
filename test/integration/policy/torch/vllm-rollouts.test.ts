import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../core/identity.ts';
import type { RankFiles } from '../../../../policy/torch/policy-weights.ts';
import { type SampledTokens, VllmRollouts } from '../../../../policy/torch/vllm/vllm-rollouts.ts';
import { refusal } from '../../../refusal.ts';
import { type FakeVllm, faults, type VllmFault } from '../../../servers/vllm-server.ts';
import { servedRequest, startFake, temporaryFolder, tokenizer, trainedPolicy } from './served-policy.ts';

async function rollouts(...servers: { url: string }[]) {
  const home = await temporaryFolder();
  const urls = servers.map(({ url }) => url);
  const allowedServers = async () => ({ servers: urls, path: 'allowed.yaml' });
  const vllm = new VllmRollouts({ home, allowedServers });
  return {
    home,
    vllm,
    sample: async (policy: RankFiles, more = {}): Promise<SampledTokens[][]> =>
      vllm.generate(await servedRequest({ servers: urls }, policy, more)),
  };
}

/** Answers once another server has been asked, too: one alone could answer all there is. */
const onceAsked =
  (other: FakeVllm): VllmFault =>
  async (response, answer) => {
    await expect.poll(() => other.completions.length).toBeGreaterThan(0);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  };

const idsOf = (groups: SampledTokens[][]) => groups.map((group) => group.map(({ tokenIds }) => tokenIds));

test('one request for each completion, with a seed of its own that a repetition has again', async () => {
  const server = await startFake();
  const { sample } = await rollouts(server);
  const policy = await trainedPolicy('p', 'adapter');
  const groups = await sample(policy);
  expect(groups.map((group) => group.length)).toEqual([4, 4]);
  for (const { tokenIds, logProbs, truncated } of groups.flat()) {
    expect(logProbs).toHaveLength(tokenIds.length);
    expect(truncated).toBe(tokenIds.at(-1) !== tokenizer.endToken);
  }
  const [first] = server.completions;
  expect(new Set(server.completions.map((one) => one.sampling_params.seed)).size).toBe(8);
  expect(first).toMatchObject({
    model: policy.weights.sha256,
    cache_salt: policy.weights.sha256,
    sampling_params: { temperature: 1, max_tokens: 5, stop_token_ids: [tokenizer.endToken], logit_bias: { 7: -1e9 } },
  });
  expect(first!.token_ids.filter((id) => id === tokenizer.videoToken)).toHaveLength(1);
  expect(first!.content_parts[0]!.url.split(',')).toHaveLength(5);
  expect(idsOf(await sample(policy))).toEqual(idsOf(groups));
});

test('a benchmark takes the likeliest tokens; with filters the ranks score the policy alone', async () => {
  const server = await startFake();
  const { sample } = await rollouts(server);
  const policy = await trainedPolicy('p', 'adapter');
  await sample(policy, { sampling: undefined });
  expect(server.completions.at(-1)!.sampling_params).toMatchObject({ temperature: 0 });
  expect(server.completions.at(-1)!.sampling_params).not.toHaveProperty('seed');
  server.off = 0;
  const filters = { topK: 5, topP: 0.9, minP: 0.1, repetitionPenalty: 1.2 };
  const [[one]] = (await sample(policy, { filters })) as [[SampledTokens]];
  expect(server.completions.at(-1)!.sampling_params).toMatchObject({
    ...{ top_k: 5, top_p: 0.9, min_p: 0.1, repetition_penalty: 1.2 },
  });
  expect(one.policyLogProbs).toEqual(one.logProbs);
});

describe('hand-over', () => {
  test('an adapter is loaded once, under its hash; of those before it one stays', async () => {
    const server = await startFake();
    const { sample, home } = await rollouts(server);
    const policies = await Promise.all(['1', '2', '3'].map((name) => trainedPolicy(name, 'adapter')));
    for (const policy of policies) await sample(policy);
    await sample(policies[2]!);
    const loads = server.changes.filter((path) => path === '/v1/load_lora_adapter');
    expect(loads).toHaveLength(3);
    const kept = policies.slice(1).map(({ weights }) => weights.sha256);
    expect(server.adapters).toEqual(kept);
    expect((await readdir(join(home, 'hand-over'))).sort()).toEqual([...kept].sort());
  });

  test('adapters that a server was given before it was away are unloaded as well', async () => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    const policies = await Promise.all(['1', '2', '3'].map((name) => trainedPolicy(name, 'adapter')));
    await sample(policies[0]!);
    await sample(policies[1]!);
    server.failNext(faults.broken);
    await sample(policies[1]!);
    await sample(policies[2]!);
    expect(server.adapters).toEqual(policies.slice(1).map(({ weights }) => weights.sha256));
  });

  test('an adapter that another process gave is given again, since its folder may be gone', async () => {
    const server = await startFake();
    const policy = await trainedPolicy('p', 'adapter');
    await (await rollouts(server)).sample(policy);
    const { sample, home } = await rollouts(server);
    await sample(policy);
    expect(server.changes).toEqual(['/v1/load_lora_adapter', '/v1/unload_lora_adapter', '/v1/load_lora_adapter']);
    expect(await readdir(join(home, 'hand-over'))).toEqual([policy.weights.sha256]);
  });

  test('the ranks score the base model first, and only where a tolerance is not known', async () => {
    const server = await startFake();
    const { vllm } = await rollouts(server);
    const policy = await trainedPolicy('p', 'adapter');
    const request = await servedRequest({ servers: [server.url] }, policy);
    const scored: string[] = [];
    const score: typeof request.trainer.score = (files, ...asked) => {
      scored.push(files.weights.sha256);
      return request.trainer.score(files, ...asked);
    };
    const watched = { ...request, trainer: { ...request.trainer, score } };
    await vllm.generate(watched);
    await vllm.generate(watched);
    const { base, weights } = policy;
    expect(scored).toEqual([base!.sha256, weights.sha256, weights.sha256]);
  });

  test('whole weights are loaded while the server is paused, and named once they are there', async () => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    await sample(await trainedPolicy('p', 'whole'));
    const load = [
      ...['/pause', '/update_weight_version', '/collective_rpc', '/reset_prefix_cache', '/reset_mm_cache'],
      ...['/reset_encoder_cache', '/update_weight_version', '/resume'],
    ];
    // The base model first: its difference is the tolerance.
    expect(server.changes).toEqual([...load, ...load]);
  });

  test.each(['adapter', 'whole'] as const)('%s: refused where the server keeps old weights', async (kind) => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    await sample(await trainedPolicy('before', kind));
    server.keepsOldWeights = true;
    const policy = await trainedPolicy('after', kind);
    const named = [policy.weights.sha256.slice(0, 12), server.url];
    await expect(sample(policy)).rejects.toEqual(refusal('RolloutRefused', ...named));
    expect(server.completions).toHaveLength(8);
  });

  test('the base model may differ by rounding, a policy by three times as much', async () => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    const policy = await trainedPolicy('p', 'adapter');
    server.off = 2e-4;
    await sample(policy);
    server.off = 5e-4;
    await sample(policy);
    server.off = 7e-4;
    await expect(sample(policy)).rejects.toEqual(refusal('RolloutRefused', '7.0e-4', '6.0e-4'));
  });

  test('a server with another base model is refused', async () => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    server.off = 0.01;
    await expect(sample(await trainedPolicy('p', 'adapter'))).rejects.toEqual(
      refusal('RolloutRefused', server.url, 'float32'),
    );
  });
});

describe('what a server loses, it is given again', () => {
  test('adapters, after a restart between two completions', async () => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    const policy = await trainedPolicy('p', 'adapter');
    const groups = await sample(policy);
    server.failNext((response) => {
      server.forget();
      response.destroy();
    });
    expect(idsOf(await sample(policy))).toEqual(idsOf(groups));
  });

  test('weights that another run has replaced; not for ever', async () => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    const policy = await trainedPolicy('p', 'whole');
    const groups = await sample(policy);
    const other = faults.changed((answer) => {
      server.takeOver('other', 'of-another-run');
      const [choice] = answer.choices as object[];
      return { ...answer, choices: [{ ...choice, weight_versions: [{ version: 'of-another-run' }] }] };
    });
    server.failNext(other);
    expect(idsOf(await sample(policy))).toEqual(idsOf(groups));
    server.failNext(...Array.from({ length: 24 }, () => other));
    await expect(sample(policy)).rejects.toEqual(refusal('RolloutRefused', server.url, 'of-another-run'));
  });
});

test('a version that no server tells for a while is unknown, and is kept once it was told', async () => {
  const server = await startFake();
  const { vllm, sample } = await rollouts(server);
  const config = { kind: 'vllm' as const, servers: [server.url] };
  const away = { kind: 'vllm' as const, servers: ['http://127.0.0.1:9'] };
  expect(await vllm.version(away)).toBe(UNKNOWN);
  await sample(await trainedPolicy('p', 'adapter'));
  await server.stop();
  expect(await vllm.version(config)).toBe('0.32.0');
});

describe('an answer that cannot be trained on is refused', () => {
  const cases = {
    'another prompt': faults.changed((answer) => ({ ...answer, prompt_token_ids: [1, 2, 3] })),
    'log-probabilities of other tokens': faults.changed((answer) => {
      const [choice] = answer.choices as { token_ids: number[] }[];
      return { ...answer, choices: [{ ...choice, token_ids: choice!.token_ids.map((id) => id + 1) }] };
    }),
    'no log-probabilities': faults.changed((answer) => {
      const [choice] = answer.choices as object[];
      return { ...answer, choices: [{ ...choice, logprobs: null }] };
    }),
    'no weight version': faults.changed((answer) => {
      const [choice] = answer.choices as object[];
      return { ...answer, choices: [{ ...choice, weight_versions: null }] };
    }),
    'no JSON': faults.garbage,
    'a refusal': faults.status(400, 'The prompt is too long'),
    'a redirect': faults.status(302),
  };
  test.each(Object.entries(cases))('%s', async (_, fault) => {
    const server = await startFake();
    const { sample } = await rollouts(server);
    server.failNext(fault);
    await expect(sample(await trainedPolicy('p', 'adapter'))).rejects.toEqual(refusal('RolloutRefused', server.url));
  });
});

test('a server that is refused ends the request, also while another one has nothing to do', async () => {
  const [good, bad] = [await startFake(), await startFake()];
  const { sample } = await rollouts(good, bad);
  good.failNext(...Array.from({ length: 8 }, () => onceAsked(bad)));
  bad.failNext((response) => setTimeout(() => response.end('<html>'), 1000));
  await expect(sample(await trainedPolicy('p', 'adapter'))).rejects.toEqual(refusal('RolloutRefused', bad.url));
});

describe('servers that do not answer', () => {
  test('are left out while another one answers', async () => {
    const [dead, server] = [await startFake(), await startFake()];
    const { sample } = await rollouts(dead, server);
    const policy = await trainedPolicy('p', 'adapter');
    const groups = await sample(policy);
    await dead.stop();
    expect(idsOf(await sample(policy))).toEqual(idsOf(groups));
  });

  test('share the work, and what one fails at, the other is asked', async () => {
    const [one, other] = [await startFake(), await startFake()];
    const { sample } = await rollouts(one, other);
    one.failNext(faults.broken, faults.status(503));
    other.failNext(...Array.from({ length: 8 }, () => onceAsked(one)));
    const groups = await sample(await trainedPolicy('p', 'adapter'));
    expect(groups.flat()).toHaveLength(8);
    expect(one.completions.length).toBeGreaterThan(0);
    expect(other.completions.length).toBeGreaterThan(0);
  });

  test('are waited for, with the reason, and come back with the same completions', async () => {
    const server = await startFake();
    const { port } = server;
    const { sample, vllm } = await rollouts(server);
    const policy = await trainedPolicy('p', 'adapter');
    const groups = await sample(policy);
    await server.stop();
    const request = await servedRequest({ servers: [`http://127.0.0.1:${port}`] }, policy);
    const outages: (string | undefined)[] = [];
    const said: string[] = [];
    const waiting = vllm.generate(request, {
      onProgress: ({ what }) => said.push(what),
      onOutage: (why) => outages.push(why),
    });
    await expect.poll(() => outages.at(-1)).toContain('ECONNREFUSED');
    expect(said.at(-1)).toContain('ECONNREFUSED');
    await startFake(port);
    expect(idsOf(await waiting)).toEqual(idsOf(groups));
    expect(outages.at(-1)).toBeUndefined();
  });

  test('are no longer waited for once the run is cancelled', async () => {
    const server = await startFake();
    await server.stop();
    const { vllm } = await rollouts({ url: 'http://127.0.0.1:9' });
    const request = await servedRequest({ servers: ['http://127.0.0.1:9'] }, await trainedPolicy('p', 'adapter'));
    const cancelled = new AbortController();
    const waiting = vllm.generate(request, { signal: cancelled.signal, onOutage: () => cancelled.abort() });
    await expect(waiting).rejects.toThrow('abort');
  });
});

test('a server that the owner does not allow is sent nothing', async () => {
  const server = await startFake();
  const { vllm } = await rollouts({ url: 'http://10.0.0.1:8000' });
  const policy = await trainedPolicy('p', 'adapter');
  await expect(vllm.generate(await servedRequest({ servers: [server.url] }, policy))).rejects.toEqual(
    refusal('InvalidConfig', server.url, 'allowed.yaml', 'rolloutServers'),
  );
  expect(server.completions).toHaveLength(0);
});
