import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from '@temporalio/worker';
import { onTestFinished, test } from 'vitest';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { createEngine } from '../../policy/engines.ts';
import { copyWithExamples } from '../unit/docs/worked-examples.ts';
import { conformanceStage } from './conformance-stage.ts';
import { playEngineContract } from './engine-contract.ts';

const stage = conformanceStage(createEngine('onnx'));

test('the onnx engine keeps the engine contract', () =>
  stage.play({ model: 'tiny', engine: { kind: 'onnx', threads: 1 } }));

test('so does the example of docs/extending/engine.md, where it was added to the sources', async () => {
  const copy = await copyWithExamples();
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  const load = <Module>(path: string): Promise<Module> => import(pathToFileURL(join(copy, path)).href);
  const engines = await load<typeof import('../../policy/engines.ts')>('policy/engines.ts');
  const rollout = await load<typeof import('../../activities/rollout.ts')>('activities/rollout.ts');
  const update = await load<typeof import('../../activities/update.ts')>('activities/update.ts');
  const exported = await load<typeof import('../../activities/export-policy.ts')>('activities/export-policy.ts');
  const { engineSchemas } =
    await load<typeof import('../../contracts/engine-contract.ts')>('contracts/engine-contract.ts');
  // As `npm run contract` does.
  const schemas = pathToFileURL(`${join(copy, 'contracts/schemas')}/`);
  for (const [file, schema] of Object.entries(engineSchemas())) await writeFile(new URL(file, schemas), schema);

  const model = join(copy, 'words.json');
  await writeFile(model, JSON.stringify({ red: 0, blue: 0, star: 0.5, moves: 0.2, '.': 0 }));
  const store = new ArtifactStore(join(copy, 'store'));
  const deps = { store, engine: engines.createEngine('words' as 'onnx'), home: copy };
  const taskQueue = 'policy-words';
  const worker = await Worker.create({
    connection: stage.environment.nativeConnection,
    taskQueue,
    activities: {
      ...rollout.createRolloutActivities(deps),
      ...update.createUpdateActivities(deps),
      ...exported.createExportActivities(deps),
    },
  });
  const policy = { model, engine: { kind: 'words' as 'onnx' } };
  const { environment } = stage;
  await worker.runUntil(() => playEngineContract({ environment, taskQueue, store, policy, schemas }));
});
