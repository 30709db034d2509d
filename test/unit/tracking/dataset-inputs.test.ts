import { expect, test } from 'vitest';
import { datasetInputs } from '../../../tracking/dataset-inputs.ts';

const ref = { uri: 'store:m', sha256: '0'.repeat(64), bytes: 1 };
const sample = (id: string) => ({ id, video: { path: '/v.mp4', sha256: '', bytes: 1 }, caption: 'c' });
const manifest = {
  ...{ name: 'film+more', digest: 'd'.repeat(64), quarantined: [] },
  train: ['a', 'b', 'c'].map(sample),
  heldOut: [sample('d')],
};

test('a mixed training split is logged source by source, with counts and shares', () => {
  const sources = [
    { name: 'film', weight: 3, samples: 2 },
    { name: 'more', weight: 1, samples: 1 },
  ];
  expect(datasetInputs({ ...manifest, sources }, ref).map(({ name, profile }) => [name, JSON.parse(profile!)])).toEqual(
    [
      ['film+more/train/film', { num_rows: 2, quarantined: 0, share: 0.75 }],
      ['film+more/train/more', { num_rows: 1, quarantined: 0, share: 0.25 }],
      ['film+more/held-out', { num_rows: 1, quarantined: 0 }],
    ],
  );
  expect(datasetInputs(manifest, ref).map(({ name }) => name)).toEqual(['film+more/train', 'film+more/held-out']);
});

test('each split has the digest of its own samples: the held-out ones can be compared whatever runs train on', () => {
  const digests = (more: object = {}) =>
    Object.fromEntries(datasetInputs({ ...manifest, ...more }, ref).map(({ name, digest }) => [name, digest]));
  const { 'film+more/train': train, 'film+more/held-out': heldOut } = digests();
  expect(train).toMatch(/^[0-9a-f]{12}$/);
  expect(heldOut).not.toBe(train);
  expect(digests({ digest: 'e'.repeat(64), train: [sample('x')] })).toEqual({
    'film+more/train': expect.not.stringMatching(train!),
    'film+more/held-out': heldOut,
  });
  const moved = manifest.heldOut.map((each) => ({ ...each, video: { ...each.video, path: '/elsewhere.mp4' } }));
  expect(digests({ heldOut: moved })['film+more/held-out']).toBe(heldOut);
  const reworded = manifest.heldOut.map((each) => ({ ...each, caption: 'another' }));
  expect(digests({ heldOut: reworded })['film+more/held-out']).not.toBe(heldOut);
});

test('what a run has already is left out', () => {
  expect(datasetInputs(manifest, ref, ['film+more/train']).map(({ name }) => name)).toEqual(['film+more/held-out']);
});
