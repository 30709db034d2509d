import { mkdir, mkdtemp, realpath, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore } from '../../core/artifact-store.ts';
import type { Sample } from '../../core/sample.ts';
import type { Score } from '../../core/score.ts';
import { startOutageClock } from '../../judge/client/patient-endpoint.ts';
import { combineRewards } from '../../rewards/combine-rewards.ts';
import { AllowedRewards } from '../../rewards/custom/allowed-rewards.ts';
import { pinCustomRewards, withCustomRewards } from '../../rewards/custom/custom-kinds.ts';
import type { ScoringScope } from '../../rewards/custom/scorer.ts';
import { LengthConfig, length } from '../../rewards/length.ts';
import { documentFrequencies } from '../../rewards/reference/cider-d.ts';
import { withoutWords } from '../../rewards/reference/metric.ts';
import { RewardConfig } from '../../rewards/registry.ts';
import { readEmbeddingFiles } from '../../rewards/think/embedding-files.ts';
import { TokenF1 } from '../../rewards/think/token-f1.ts';
import type { PinnedSentence } from './sentence.ts';

const SAMPLE: Sample = { id: 'a', video: { path: '/v.mp4', sha256: '', bytes: 1 }, caption: 'A star.' };
const reasonOf = (score: Score | undefined) => (score && 'reason' in score ? score.reason : 'scored');

async function scope(allowed: object, more: Partial<ScoringScope> = {}): Promise<ScoringScope> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'videocap-rewards-')));
  return {
    ...{ allowed: AllowedRewards.parse(allowed), allowedPath: '/home/allowed.yaml', folder, env: {} },
    ...{ store: new ArtifactStore(join(folder, 'store')), outage: startOutageClock() },
    place: { runKey: 'r', step: 1 },
    ...more,
  };
}
const pin = (custom: object, within: ScoringScope) => pinCustomRewards(RewardConfig.parse({ custom }), within);
const scoredBy = (reward: RewardConfig, within: ScoringScope) =>
  withCustomRewards(reward, within, async ([first]) =>
    reasonOf(
      (await first!.score({ sample: SAMPLE, texts: ['x'], completions: [{ wellFormed: false, caption: 'x' }] }))[0],
    ),
  );

/** A module of this code, as the worker's owner allows it; `then` changes its folder before it scores. */
async function byModule(code: string, more: object = {}, then?: (path: string) => Promise<unknown>) {
  const within = await scope({ modules: { mine: 'mine.ts' } });
  const path = join(within.folder, 'mine.ts');
  await writeFile(path, code);
  const reward = await pin({ mine: { kind: 'module', ...more } }, within);
  await then?.(path);
  return scoredBy(reward, within);
}
async function linkedModule() {
  const within = await scope({ modules: { mine: 'link.ts' } });
  await mkdir(join(within.folder, 'real'));
  await writeFile(join(within.folder, 'real/m.ts'), 'export default () => 1;');
  await symlink(join(within.folder, 'real/m.ts'), join(within.folder, 'link.ts'));
  return pin({ mine: { kind: 'module' } }, within);
}

/** A reward server that answers every request so. */
async function byServer(status: number, body: string, more: object = {}) {
  const server = createServer((_, response) => void (status && response.writeHead(status).end(body)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/score`;
  try {
    const reward = RewardConfig.parse({ custom: { mine: { kind: 'http', ...more } } });
    return await scoredBy(reward, await scope({ urls: { mine: { url } } }));
  } catch (error) {
    (error as Error).message = (error as Error).message.replace(url, 'http://host/score');
    throw error;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
const withToken = (env: NodeJS.ProcessEnv) =>
  scope({ urls: { mine: { url: 'http://host', headers: { Authorization: 'TOKEN' } } } }, { env }).then((within) =>
    pin({ mine: { kind: 'http' } }, within),
  );

const TOOLS = { similarity: () => new TokenF1(), documentFrequencies: async () => documentFrequencies([]) };
const unmeasured = () =>
  length.score(
    { sample: SAMPLE, completions: [{ wellFormed: false }] },
    LengthConfig.parse({ unit: 'tokens', min: 1, max: 2, fallOff: 1 }),
    TOOLS,
  );

/** Why a completion has no score, and why a custom reward may not be used. */
export const REWARD_SENTENCES: readonly PinnedSentence[] = [
  ['Its number of tokens is not known.', () => unmeasured().then(([score]) => reasonOf(score))],
  [
    'The caption of sample silent has no words; write one in the dataset.',
    () => withoutWords({ id: 'silent', caption: '...' }),
  ],
  [
    'The think scores have nothing for completion 0 of group 0.',
    () => combineRewards({ format: [[{ value: 1 }]], think: [[]], caption: [[{ value: 1 }]] }, RewardConfig.parse({})),
  ],
  ['Reward mine: it gave NaN, which is no score', () => byModule('export default () => Number.NaN;')],
  ['Reward mine: it gave 1.5, outside of its range from 0 to 1', () => byModule('export default () => 1.5;')],
  ['Reward mine: it gave a value of type string; a score is a number', () => byModule("export default () => 'good';")],
  ['Reward mine: it gave no score', () => byModule('export default () => null;')],
  [
    'Reward mine: it took longer than 0.2 s',
    () => byModule('export default () => { for (;;); };', { timeoutSeconds: 0.2 }),
  ],
  [
    'Reward mine: The thread of reward mine stopped: it ended with code 0.',
    () => byModule('export default () => process.exit(0);'),
  ],
  [
    'InvalidConfig: reward.custom.mine does not compile: mine.ts:1:16: ERROR: Unexpected end of file: correct ' +
      'its file.',
    () => byModule('export default ('),
  ],
  [
    'InvalidConfig: The module of reward.custom.mine cannot be used: it has no function as its default ' +
      'export: correct its file.',
    () => byModule('export const reward = () => 1;'),
  ],
  [
    'InvalidConfig: The module of reward.custom.mine cannot be used: it cannot be loaded: no model: correct ' +
      'its file.',
    () => byModule("throw new Error('no model');"),
  ],
  [
    'InvalidConfig: The code of reward.custom.mine has the hash ' +
      'baba3c260750da3f79fc1119d9f54dbcb5b4dc6ddf5251c98ee0ea0016b33316, and the config insists on ' +
      'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff: restore the file and what it imports, ' +
      'or leave sha256 out.',
    () => byModule('export default () => 1;', { sha256: 'f'.repeat(64) }),
  ],
  [
    'JudgeBlocked: The code of reward.custom.mine is not the code that the run began with: a file of it has ' +
      'changed: restore it, or fork the run, which takes the code as it is now, then `videocap resume`.',
    () => byModule('export default () => 1;', {}, (path) => writeFile(path, 'export default () => 2;')),
  ],
  [
    'InvalidConfig: reward.custom.mine is not allowed on this worker: /home/allowed.yaml has no entry ' +
      "rewards.modules.mine: the worker's owner adds one there, such as rewards: { modules: { mine: " +
      'rewards/mine.ts } }.',
    () => scope({}).then((within) => pin({ mine: { kind: 'module' } }, within)),
  ],
  [
    'InvalidConfig: reward.custom.mine is not allowed on this worker: /home/allowed.yaml has no entry ' +
      "rewards.urls.mine: the worker's owner adds one there, such as rewards: { urls: { mine: { url: " +
      '"http://127.0.0.1:8900" } } }.',
    () => scope({}).then((within) => pin({ mine: { kind: 'http' } }, within)),
  ],
  [
    'InvalidConfig: The module of reward.custom.mine, ~/gone.ts, cannot be read (ENOENT): restore it, or ' +
      'correct its path in allowed.yaml.',
    () => scope({ modules: { mine: 'gone.ts' } }).then((within) => pin({ mine: { kind: 'module' } }, within)),
  ],
  [
    'InvalidConfig: The module of reward.custom.mine, ~/link.ts, is reached over a link, and leads to ' +
      '~/real/m.ts: write that path into allowed.yaml, if it is the one that you mean.',
    () => linkedModule(),
  ],
  [
    'InvalidConfig: The environment variable TOKEN (the header Authorization of reward.custom.mine) is not ' +
      'set: set it in the shell that starts the workers, and start them again (videocap down, then videocap ' +
      'up).',
    () => withToken({}),
  ],
  [
    'InvalidConfig: The environment variable TOKEN (the header Authorization of reward.custom.mine) holds a ' +
      'line break, or a character that no HTTP header can carry: correct it where the worker runs.',
    () => withToken({ TOKEN: 'hidden\nX-Other: 1' }),
  ],
  [
    'Reward mine: the answer of its server is not JSON, in which there is no NaN, for example',
    () => byServer(200, '{"scores": [NaN]}'),
  ],
  [
    'Reward mine: the answer of its server must be {"scores": [...]}, each a number, null or {"error": "..."}',
    () => byServer(200, '[1]'),
  ],
  ['Reward mine: its server gave 2 scores for 1 completions', () => byServer(200, '{"scores": [1, 2]}')],
  [
    'Reward mine: the answer of its server has more than 1048576 bytes',
    () => byServer(200, `{"scores": [1], "why": "${'x'.repeat(2 ** 20)}"}`),
  ],
  ['Reward mine: its server answered with status 422', () => byServer(422, '')],
  [
    'JudgeBlocked: The server of reward mine at http://host/score does not score (status 403): check its ' +
      'entry in allowed.yaml, and the server, then `videocap resume`.',
    () => byServer(403, ''),
  ],
  [
    'JudgeBlocked: The server of reward mine at http://host/score does not score (status 307): allow the ' +
      'address that it leads to, if you trust it, then `videocap resume`.',
    () => byServer(307, ''),
  ],
  [
    'Unavailable: The server of reward mine at http://host/score does not score (status 503). It will be ' +
      'asked again.',
    () => byServer(503, ''),
  ],
  [
    'Unavailable: The server of reward mine at http://host/score did not answer within 0.05 s ' +
      '(reward.custom.mine.timeoutSeconds). It will be asked again.',
    () => byServer(0, '', { timeoutSeconds: 0.05 }),
  ],
  [
    'InvalidModel: Embedding model /nowhere/e5 cannot be used: there is no such folder; name a folder with a ' +
      'sentence-embedding model as model.onnx and its tokenizer.json in reward.embeddingModel.folder, or leave the ' +
      'setting out.',
    () => readEmbeddingFiles({ folder: '/nowhere/e5', installed: false }),
  ],
];
