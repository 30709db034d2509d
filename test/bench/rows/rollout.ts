import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { endlessModel } from '../endless-model.ts';
import { gemmFloor, THREADS } from '../floor/gemm-floor.ts';
import { samplingGemms } from '../floor/gemms.ts';
import { shareOfFloor, timesAsFastAs } from '../goal.ts';
import { PythonPeer } from '../python-peer.ts';
import type { Row } from '../row.ts';
import { startVllm } from '../vllm-peer.ts';
import { clipsOfNoise, stepSizes, writeShown } from './shown.ts';

const GROUP = 8;
const TOKENS = 112;

/** Sampling alone, by the engine without Temporal. */
export const rollouts: Row[] = [32, 64].map((batch) => ({
  name: `rollout-${batch}`,
  title: `rollout, ${batch} completions`,
  unit: 'tokens/s',
  work:
    `Sample ${batch} completions of ${TOKENS} tokens, ${GROUP} to each clip of 8 frames of 84 x 84, by the tiny ` +
    'Qwen2-VL in single precision at temperature 1.',
  goals: [timesAsFastAs('transformers', 5), timesAsFastAs('vLLM', 1), shareOfFloor(0.35)],
  minutes: 4,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-rollout-'));
    const model = await endlessModel(join(folder, 'endless'));
    const clips = batch / GROUP;
    const shown = await writeShown(folder, model, clips);
    const sizes = stepSizes(shown, { clips, group: GROUP, tokens: TOKENS });
    const engine = new OnnxEngine();
    const policy = await engine.startPolicy(model);
    const opened: PythonPeer[] = [];
    const same = { model, shown: shown.file, group: GROUP, tokens: TOKENS, threads: THREADS };
    const vllm = { ...same, clips, frames: shown.frames };
    const peers = [
      await PythonPeer.side('transformers', () => PythonPeer.start('generate', same), opened),
      await PythonPeer.side('vLLM', () => startVllm('vllm_generate', vllm), opened),
    ];
    const floor = await gemmFloor(samplingGemms(openModelFolder(model).config, sizes));
    let round = 0;
    return {
      async own() {
        const begun = performance.now();
        const groups = await engine.generate({
          ...{ policy, engine: { kind: 'onnx', threads: THREADS }, clips: clipsOfNoise(clips) },
          ...{ groupSize: GROUP, maxNewTokens: TOKENS },
          sampling: { temperature: 1, seed: 1, path: ['bench', round++] },
        });
        const written = groups.flatMap(({ completions }) => completions.flatMap(({ tokenIds }) => tokenIds)).length;
        if (written !== batch * TOKENS) throw new Error(`${written} tokens were sampled, not ${batch * TOKENS}.`);
        return written / ((performance.now() - begun) / 1000);
      },
      peers,
      floor: 'value' in floor ? { value: (batch * TOKENS) / floor.value, of: floor.of } : floor,
      async close() {
        await Promise.all([engine.close(), ...opened.map((peer) => peer.close())]);
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
}));
