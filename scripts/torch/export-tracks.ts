import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CANVAS, FRAMES, statesAt } from '../../datasets/shapes/motion.ts';
import { sceneAt } from '../../datasets/shapes/scene.ts';
import { COLOURS, SHAPES } from '../../judge/rule-based/shapes-vocabulary.ts';

/**
 * Where every subject is in the frames that pretraining sees: for each `shard-00000.jsonl` of `--data`, a file under
 * `--out`: `shard-00000.tracks` of float32 [n, 8 frames, 6 colours, 5]: visible, x, y, radius (shares of the canvas),
 * shape (1-5, 0 none).
 */
const SEEN = 8;
const VALUES = 5;

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    seed: { type: 'string', default: '0' },
    shard: { type: 'string', default: '1000' },
  },
});
if (!values.data || !values.out) throw new Error('Usage: --data DIR --out DIR [--seed 0] [--shard 1000]');
const shard = Number(values.shard);
await mkdir(values.out, { recursive: true });
for (const file of (await readdir(values.data)).filter((name) => name.endsWith('.jsonl')).sort()) {
  const first = Number(file.slice('shard-'.length, -'.jsonl'.length)) * shard;
  // The last shard may be shorter.
  const scenes = (await readFile(join(values.data, file), 'utf8')).trimEnd().split('\n').length;
  const tracks = new Float32Array(scenes * SEEN * COLOURS.length * VALUES);
  for (let i = 0; i < scenes; i++) writeTracks(tracks, i, Number(values.seed), first + i);
  await writeFile(join(values.out, file.replace('.jsonl', '.tracks')), Buffer.from(tracks.buffer));
}

function writeTracks(tracks: Float32Array, row: number, seed: number, index: number): void {
  const { subjects } = sceneAt(seed, 'pretrain', index);
  for (let frame = 0; frame < SEEN; frame++) {
    const shown = frame * (FRAMES / SEEN) + Math.floor(FRAMES / SEEN / 2);
    const states = statesAt(subjects, shown / FRAMES);
    subjects.forEach((subject, s) => {
      const { visible, x, y, radius } = states[s]!;
      const at = ((row * SEEN + frame) * COLOURS.length + COLOURS.indexOf(subject.colour)) * VALUES;
      const shape = SHAPES.indexOf(subject.shape) + 1;
      tracks.set([visible ? 1 : 0, x / CANVAS, y / CANVAS, radius / CANVAS, shape], at);
    });
  }
}
