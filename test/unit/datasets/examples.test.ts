import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readDream1k } from '../../../benchmarks/dream1k/dream1k-annotations.ts';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { asDream1kRow, ClipList } from '../../../scripts/fetch-example-film.ts';

const example = (name: string) => fileURLToPath(new URL(`../../../configs/examples/${name}`, import.meta.url));

async function samplesOf(name: string) {
  const samples = [];
  for await (const read of readJsonl(example(name))) {
    if ('problem' in read) throw new Error(`${name} line ${read.line}: ${read.problem}`);
    samples.push(read.sample);
  }
  return samples;
}

test('the example files are valid and tell of the clips that the example film is cut into', async () => {
  const { clips } = JSON.parse(await readFile(example('big-buck-bunny-clips.json'), 'utf8'));
  const [train, heldOut] = [await samplesOf('own-data.jsonl'), await samplesOf('own-data-held-out.jsonl')];
  expect(heldOut.length).toBeGreaterThan(0);
  expect([...train, ...heldOut]).toEqual(
    clips.map(({ id, caption, events }: Record<string, unknown>) => ({
      id,
      video: `big-buck-bunny/${id}.mp4`,
      caption,
      events,
    })),
  );
});

test('the clips are read back as the DREAM-1K file that they are written to', async () => {
  const { clips } = ClipList.parse(JSON.parse(await readFile(example('big-buck-bunny-clips.json'), 'utf8')));
  const folder = await mkdtemp(join(tmpdir(), 'videocap-dream1k-'));
  try {
    const path = join(folder, 'dream1k.jsonl');
    await writeFile(path, clips.map((clip) => `${JSON.stringify(asDream1kRow(clip))}\n`).join(''));
    expect(await readDream1k(path)).toEqual(
      clips.map(({ id, caption, events }) => ({
        ...{ id, clip: id, video: `${id}.mp4`, category: 'movie_animation', reference: caption, events },
      })),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
