import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { makeShapesSplit } from '../../datasets/shapes/shapes.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { runOneActivity } from '../integration/workers/run-one-activity.ts';
import { type FullFolder, fullFolder } from './full-folder.ts';

let environment: TestWorkflowEnvironment;
let home: string;
let full: FullFolder;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-home-'));
  [environment, full] = await Promise.all([startTemporal(), fullFolder()]);
});
afterAll(async () => {
  await environment?.teardown();
  await full?.remove();
  await rm(home, { recursive: true, force: true });
});

it('a full temporary folder is waited for, however long: then the videos are made', async () => {
  const store = new ArtifactStore(home);
  const said: unknown[] = [];
  const attempt = async () => {
    Object.assign(process.env, full.env); // not before: Temporal has temporary files of its own
    // More attempts than an unexpected error gets.
    if (Context.current().info.attempt === 8) await full.free();
    const made = makeShapesSplit({ split: 'train', seed: 1, count: 2, references: 'exact' }, { store });
    made.catch((error) => said.push(error));
    return (await made).length;
  };
  expect(await runOneActivity(environment, attempt)).toBe(2);
  expect(said).toHaveLength(7);
  for (const error of said)
    expect(error).toMatchObject({
      code: 'Unavailable',
      message: expect.stringMatching(/cannot write .*\.mp4: no space left on device; make room there/),
    });
});
