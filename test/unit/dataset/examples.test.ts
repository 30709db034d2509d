import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readJsonl } from '../../../activities/dataset/jsonl.ts';

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
