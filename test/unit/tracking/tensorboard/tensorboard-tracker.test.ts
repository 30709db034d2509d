import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepRecord } from '../../../../contracts/run-results.ts';
import { crc32c } from '../../../../tracking/tensorboard/crc32c.ts';
import { pointsIn } from '../../../../tracking/tensorboard/event-record.ts';
import { TensorBoardTracker } from '../../../../tracking/tensorboard/tensorboard-tracker.ts';
import { sendToAll } from '../../../../tracking/tracker.ts';

/** Written by TensorBoard 2.21's own `RecordWriter` and protocol buffers (`golden.py` beside it). */
const GOLDEN = fileURLToPath(new URL('../../../fixtures/tensorboard/events.golden', import.meta.url));

const record = (step: number, metrics: Record<string, number>): StepRecord => ({
  ...{ step, time: 1_700_000_000_500 + 1000 * step, metrics },
});
const RECORDS = [
  record(0, { 'eval/eventF1': 60.5 }),
  record(1, { 'reward/mean': 1.25, 'train/kl': 0.0125 }),
  record(300, { 'reward/mean': -0.5 }),
];

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-tensorboard-'));
  path = join(folder, 'run-1', 'events.out.tfevents.0000000000.videocap');
});
afterEach(() => rm(folder, { recursive: true }));

it('crc32c has the check value of its polynomial', () => {
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283');
});

describe('TensorBoardTracker', () => {
  it('writes the bytes that TensorBoard writes', async () => {
    await new TensorBoardTracker(folder).send('run-1', RECORDS);
    expect((await readFile(path)).toString('hex')).toBe((await readFile(GOLDEN)).toString('hex'));
  });

  it('writes a point once, however often it is delivered, and by whichever process', async () => {
    const tracker = new TensorBoardTracker(folder);
    await tracker.send('run-1', RECORDS.slice(0, 2));
    await tracker.send('run-1', RECORDS.slice(0, 2));
    await new TensorBoardTracker(folder).send('run-1', RECORDS);
    expect(await readFile(path)).toEqual(await readFile(GOLDEN));
  });

  it('adds what came after the record of its step', async () => {
    const tracker = new TensorBoardTracker(folder);
    await tracker.send('run-1', [record(1, { 'reward/mean': 1 })]);
    await tracker.send('run-1', [record(1, { 'reward/mean': 1, 'eval/eventF1': 70 })]);
    const { known } = pointsIn(await readFile(path));
    expect([...known]).toEqual(['1 reward/mean', '1 eval/eventF1']);
  });

  it('overwrites half a record that a writer left which died', async () => {
    await new TensorBoardTracker(folder).send('run-1', RECORDS.slice(0, 2));
    const half = (await readFile(GOLDEN)).subarray((await stat(path)).size).subarray(0, 20);
    await appendFile(path, half);
    await new TensorBoardTracker(folder).send('run-1', RECORDS);
    expect(await readFile(path)).toEqual(await readFile(GOLDEN));
  });
});

describe('sendToAll', () => {
  it('logs what a tracker throws, and sends to the others', async () => {
    const warned: object[] = [];
    const broken = { name: 'broken', send: () => Promise.reject(new Error('no room')) };
    const log = { warn: (fields: object) => warned.push(fields) };
    await sendToAll([broken, new TensorBoardTracker(folder)], 'run-1', RECORDS, log);
    expect(await readFile(path)).toEqual(await readFile(GOLDEN));
    expect(warned).toEqual([{ tracker: 'broken', run: 'run-1', reason: 'no room' }]);
  });
});
