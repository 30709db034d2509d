import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCustomRewardActivities } from '../../../../activities/custom-rewards.ts';
import { createConfigActivities } from '../../../../activities/resolve-config.ts';
import { findPython } from '../../../../cli/setup/python.ts';
import { allowConfig } from '../../../../configs/allowed-configs.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { parseCompletion, type Rollout } from '../../../../core/completion.ts';
import type { Sample } from '../../../../core/sample.ts';
import { withScores } from '../../../stored-scores.ts';

const GUIDE = new URL('../../../../docs/extending/own-reward.md', import.meta.url);

let home: string;
let server: ChildProcess;
const env = { REWARD_TOKEN: 'none' };

/** An example of the guide, by what stands behind its fence. */
async function example(title: string): Promise<string> {
  const text = await readFile(GUIDE, 'utf8');
  return new RegExp(`^\`\`\`${title}\\n([^]*?)^\`\`\``, 'm').exec(text)![1]!;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'videocap-guide-')));
  const port = String(await freePort());
  await mkdir(join(home, 'rewards'));
  await writeFile(join(home, 'rewards', 'brevity.ts'), await example('ts brevity.ts'));
  await writeFile(join(home, 'allowed.yaml'), (await example('yaml allowed')).replace('8900', port));
  await writeFile(join(home, 'lab.yaml'), await example('yaml config'));
  await writeFile(join(home, 'colours.py'), (await example('python colours.py')).replace('8900', port));
  const { executable } = await findPython();
  server = spawn(executable, [join(home, 'colours.py')], { stdio: 'ignore' });
  // Any answer: the server knows no GET.
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}`), { timeout: 60_000 });
});
afterAll(async () => {
  server?.kill();
  await rm(home, { recursive: true, force: true });
});

const sample = (id: string, caption: string): Sample => ({
  ...{ id, caption, video: { path: '/v.mp4', sha256: '0'.repeat(64), bytes: 1 } },
});
const completion = (caption: string) => {
  const text = `<think>[]</think><answer>${caption}</answer>`;
  return { ...{ text, tokenIds: [1], logProbs: [-1], truncated: false }, parsed: parseCompletion(text) };
};

describe('the examples of docs/extending/own-reward.md', () => {
  test('score the completions of a rollout', async () => {
    const store = new ArtifactStore(join(home, 'store'));
    const { resolveConfig } = createConfigActivities({ home, env });
    await allowConfig(home, join(home, 'lab.yaml'));
    const { config } = await resolveConfig({ config: join(home, 'lab.yaml'), overrides: {} });
    expect(config.reward.custom!.brevity).toMatchObject({ kind: 'module', sha256: expect.any(String) });

    const rollout: Rollout = {
      step: 1,
      groups: [
        {
          sampleId: 'a',
          completions: ['A red star.', 'A red star and a blue cross grow and blink.', ''].map(completion),
        },
        { sampleId: 'b', completions: [completion('A star moves.')] },
      ],
    };
    const samples = [sample('a', 'A red star and a blue cross.'), sample('b', 'A star moves.')];
    const manifest = { name: 'n', digest: 'd', train: samples, heldOut: [], quarantined: [] };
    const { scoreCustomRewards } = createCustomRewardActivities({ store, home, env });
    const output = await scoreCustomRewards({
      ...{ runKey: 'r', step: 1, round: 0, part: 0 },
      rollout: await store.putJson('rollout.json', rollout),
      manifest: await store.putJson('manifest.json', manifest),
      reward: config.reward,
    });
    const { scores } = await withScores(store, output);
    // The reference has seven words, the second caption ten.
    expect(scores.brevity).toEqual([[{ value: 1 }, { value: 2 - 10 / 7 }, { value: 0 }], [{ value: 1 }]]);
    // A sample whose reference has no colour cannot be scored for colours.
    const none = { unscorable: true, reason: 'Reward colours: it gave no score' };
    expect(scores.colours).toEqual([[{ value: 0.5 }, { value: 1 }, { value: 0 }], [none]]);
    expect(Object.keys(scores)).toEqual(['brevity', 'colours']);
  });
});
