import { expect, test } from 'vitest';
import { createRecordActivities } from '../../../activities/record.ts';
import { readProgress } from '../../../contracts/read-progress.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { temporaryStore } from './stage-store.ts';
import { writeRunTo } from './written-run.ts';

test('a record of another form is refused, and nothing is stored', async () => {
  const store = await temporaryStore();
  await writeRunTo(store, 'a-run', 1);
  const { recordStep } = createRecordActivities({ store });
  const record = { step: 2, time: 1, metrics: {} };
  const progress = await readProgress(store, 'a-run', 1);
  const refused = (input: object) =>
    expect(recordStep(input as Parameters<typeof recordStep>[0])).rejects.toMatchObject({ name: 'ZodError' });
  await refused({ runKey: 'a-run', record, progress, rollouts: [] });
  await refused({ runKey: '', record, progress });
  await refused({ runKey: 'a-run', record: { ...record, metrics: { loss: 'low' } }, progress });
  expect(await store.find(keyOf('record', { runKey: 'a-run', step: 2 }))).toBeUndefined();
});
