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
