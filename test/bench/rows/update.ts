import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import { uniformAt } from '../../../core/random.ts';
import { modelPath } from '../../../policy/model/model-path.ts';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { gemmFloor, THREADS } from '../floor/gemm-floor.ts';
import { gradientGemms, scoringGemms } from '../floor/gemms.ts';
import { timesAsFastAs } from '../goal.ts';
import { PythonPeer } from '../python-peer.ts';
import type { Row } from '../row.ts';
import { clipsOfNoise, stepSizes, writeShown } from './shown.ts';
import { GROUP, SAMPLES } from './step-run.ts';

const TOKENS = 112;
/** Ids below it are text. */
const WORDS = 465;

/** One update of one batch, by the engine without Temporal. */
export const update: Row = {
  name: 'update',
  title: `update, ${SAMPLES} x ${GROUP} x ${TOKENS} tokens`,
  unit: 's',
  work:
    `One GRPO update of the tiny Qwen2-VL on ${SAMPLES} x ${GROUP} completions of ${TOKENS} tokens: ` +
    'log-probabilities of the reference policy, loss, gradients, clipping, AdamW. Here with the checkpoint and its ' +
    "hash. Eager PyTorch is the project's own model in torch, which computes a prompt once a group as the graphs do.",
  goals: [timesAsFastAs('eager', 1.5)],
  minutes: 3,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-update-'));
    const model = modelPath('tiny');
    const shown = await writeShown(folder, model, SAMPLES);
    const tokenIds = grid((clip, group) =>
      Array.from({ length: TOKENS }, (_, t) => Math.floor(uniformAt(1, [clip, group, t]) * WORDS)),
    );
    const advantages = grid((_, group) => (group - (GROUP - 1) / 2) / 2.5);
    const batch = join(folder, 'batch.json');
    await writeFile(batch, JSON.stringify({ tokenIds, advantages }));
    const engine = new OnnxEngine();
    const start = await engine.startPolicy('tiny');
    const { kind, ...algorithm } = GrpoConfig.parse({ kind: 'grpo' });
    const groups = clipsOfNoise(SAMPLES).map((clip, c) => ({
      ...clip,
      completions: tokenIds[c]!.map((ids, g) => ({
        ...{ tokenIds: ids, logProbs: ids.map(() => -3), advantage: advantages[c]![g]! },
      })),
    }));
    const opened: PythonPeer[] = [];
    const same = { model, shown: shown.file, batch, threads: THREADS, frames: shown.frames };
    const peers = [
      await PythonPeer.side('eager PyTorch', () => PythonPeer.start('eager_update', same), opened),
      await PythonPeer.side('torch engine', () => PythonPeer.start('torch_engine_update', same), opened),
    ];
    const sizes = stepSizes(shown, { clips: SAMPLES, group: GROUP, tokens: TOKENS });
    const { config } = openModelFolder('tiny');
    // The reference policy's weights must be others: where they are the policy's, the engine computes them once.
    let policy = start;
    const once = async () => {
      const result = await engine.update({
        ...{ engine: { kind: 'onnx', threads: THREADS }, policy, reference: start, step: 1, loss: 'grpo' },
        ...{ algorithm: { kind, ...algorithm }, folder },
        batch: { learnsFrom: 'completions', groups, temperature: 1, maxLength: TOKENS },
      });
      if (!('metrics' in result)) throw new Error('The update was not finite.');
      return result;
    };
    const first = await once();
    const file = join(folder, 'model.safetensors');
    await writeFile(file, first.weights.bytes);
    policy = { model: start.model, weights: { path: file, sha256: first.weights.sha256 } };
    return {
      async own() {
        const begun = performance.now();
        await once();
        return (performance.now() - begun) / 1000;
      },
      peers,
      floor: await gemmFloor([...scoringGemms(config, sizes), ...gradientGemms(config, sizes)]),
      async close() {
        await Promise.all([engine.close(), ...opened.map((peer) => peer.close())]);
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};

function grid<T>(value: (clip: number, group: number) => T): T[][] {
  return Array.from({ length: SAMPLES }, (_, clip) => Array.from({ length: GROUP }, (_, group) => value(clip, group)));
}
