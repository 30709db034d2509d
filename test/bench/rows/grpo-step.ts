import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { endlessModel } from '../endless-model.ts';
import { gemmFloor, THREADS } from '../floor/gemm-floor.ts';
import { gradientGemms, samplingGemms, scoringGemms } from '../floor/gemms.ts';
import { shareOfFloor, timesAsFastAs } from '../goal.ts';
import { PythonPeer } from '../python-peer.ts';
import type { Row } from '../row.ts';
import { BenchWorld } from '../world.ts';
import { stepSizes, writeShown } from './shown.ts';
import { GROUP, playSteps, SAMPLES, secondsAStep } from './step-run.ts';

/** A whole step, with all that makes it durable, against TRL's. */
export const grpoSteps: Row[] = [42, 112].map((tokens) => ({
  name: `grpo-step-${tokens}`,
  title: `GRPO step, ${SAMPLES} x ${GROUP}, ${tokens} tokens`,
  unit: 's',
  work:
    `Sample ${SAMPLES} x ${GROUP} completions of exactly ${tokens} tokens of the tiny Qwen2-VL, score them, and make ` +
    'one update with a KL term. Here a whole step of a run on a real Temporal server, from record to record, with ' +
    'its checkpoint, records and MLflow; TRL keeps nothing.',
  goals: [timesAsFastAs('TRL', 2.5), shareOfFloor(0.4)],
  minutes: tokens === 42 ? 4 : 5,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-model-'));
    const model = await endlessModel(join(folder, 'endless'));
    const shown = await writeShown(folder, model, SAMPLES);
    const { config } = openModelFolder(model);
    const sizes = stepSizes(shown, { clips: SAMPLES, group: GROUP, tokens });
    const peers: PythonPeer[] = [];
    const world = await BenchWorld.start();
    const trl = await PythonPeer.side(
      'TRL',
      () => PythonPeer.start('trl_step', { model, shown: shown.file, group: GROUP, tokens, threads: THREADS }),
      peers,
    );
    const gemms = [...samplingGemms(config, sizes), ...scoringGemms(config, sizes), ...gradientGemms(config, sizes)];
    const parts = new Map<string, number[]>();
    return {
      async own() {
        const run = await playSteps(world, { model, tokens });
        for (const { metrics } of run.records.slice(1, -1))
          for (const name of ['time/rolloutSeconds', 'time/updateSeconds', 'train/tokens'])
            parts.set(name, [...(parts.get(name) ?? []), metrics[name]!]);
        return secondsAStep(run);
      },
      peers: [trl],
      floor: await gemmFloor(gemms),
      notes: () => [
        `Here ${[...parts].map(([name, all]) => `${name} ${(all.at(-1) ?? 0).toPrecision(3)}`).join(', ')} in the ` +
          'last repeat.',
      ],
      async close() {
        await Promise.all(peers.map((peer) => peer.close()));
        await world.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
}));
