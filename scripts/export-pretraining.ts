import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDurably } from '../core/durable-file.ts';
import { corruptDescription } from '../datasets/shapes/corrupt.ts';
import { describe, eventsOf } from '../datasets/shapes/describe.ts';
import { drawFrames } from '../datasets/shapes/draw.ts';
import { encodeVideo } from '../datasets/shapes/encode.ts';
import { FRAMES } from '../datasets/shapes/motion.ts';
import { type Scene, SPLITS, type Split, sceneAt } from '../datasets/shapes/scene.ts';
import { runFfmpeg } from '../video/ffmpeg-command.ts';
import { scaleFilter } from '../video/smart-resize.ts';

/**
 * Makes the data that the shipped base model was pretrained on. A shard is `shard-00000.bin`, uint8 RGB [n, 8, 84, 84,
 * 3] after a real H.264 encoding and decoding, and `shard-00000.jsonl`, a line a scene with its web-like reference and,
 * under `exact`, the true one. The .jsonl is written last: once it exists, the shard is complete.
 */
const SIDE = 84;
/** Frames the policy sees of a scene: those shown at the middle of eight equal segments. */
const SEEN = 8;

export interface PretrainingExport {
  out: string;
  split: Split;
  seed: number;
  start: number;
  count: number;
  /** Scenes a shard. */
  shard: number;
}

export async function exportPretraining(options: PretrainingExport, say: (line: string) => void = () => {}) {
  await mkdir(options.out, { recursive: true });
  const end = options.start + options.count;
  for (let first = options.start; first < end; first += options.shard) {
    const began = performance.now();
    const scenes = Array.from({ length: Math.min(options.shard, end - first) }, (_, i) =>
      sceneAt(options.seed, options.split, first + i),
    );
    const name = `shard-${String(Math.floor(first / options.shard)).padStart(5, '0')}`;
    await exportShard(join(options.out, name), scenes);
    const seconds = (performance.now() - began) / 1000;
    say(`${name}: ${scenes.length} scenes from ${first}, ${seconds.toFixed(1)} s`);
  }
}

/** All scenes go through one encoding: a process a scene would cost more than the scene. */
async function exportShard(path: string, scenes: readonly Scene[]): Promise<void> {
  const reel = `${path}.reel.mp4`;
  const frames = `${path}.bin.partial`;
  await encodeVideo(allFrames(scenes), reel, { timeoutSeconds: 3600 });
  const step = FRAMES / SEEN;
  await runFfmpeg({
    input: reel,
    inputOptions: ['-threads', '1'],
    outputOptions: [
      ...['-vf', `select=eq(mod(n\\,${step})\\,${Math.floor(step / 2)}),${scaleFilter(SIDE, SIDE)},format=rgb24`],
      ...['-fps_mode', 'passthrough', '-threads', '1', '-f', 'rawvideo'],
    ],
    output: frames,
    timeoutSeconds: 3600,
  });
  await rm(reel);
  await rename(frames, `${path}.bin`);
  const lines = scenes.map((scene) => `${JSON.stringify(lineOf(scene))}\n`).join('');
  await writeDurably(`${path}.jsonl`, lines, 'replace');
}

function* allFrames(scenes: readonly Scene[]): Generator<Buffer> {
  for (const scene of scenes) yield* drawFrames(scene);
}

function lineOf(scene: Scene) {
  const id = `${scene.split}-${scene.seed}-${scene.index}`;
  return { id, ...corruptDescription(scene), exact: describe(eventsOf(scene)) };
}

if (import.meta.filename === process.argv[1]) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      split: { type: 'string', default: 'pretrain' },
      seed: { type: 'string', default: '0' },
      start: { type: 'string', default: '0' },
      count: { type: 'string', default: '1000' },
      shard: { type: 'string', default: '1000' },
    },
  });
  const split = SPLITS.find((name) => name === values.split);
  if (!values.out || !split)
    throw new Error(`Usage: --out DIR --split ${SPLITS.join('|')} --start 0 --count N --shard 1000`);
  const [seed, start, count, shard] = [values.seed, values.start, values.count, values.shard].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  await exportPretraining({ out: values.out, split, seed, start, count, shard }, console.log);
}
