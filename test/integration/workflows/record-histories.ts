import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { startTemporal, workflowBundle } from '../temporal-server.ts';
import { scriptedStages } from './scripted-stages.ts';

/** `npm run histories`: records one history per scenario for the replay test. Run it when a workflow changed on purpose. */
const SCENARIOS = [
  { name: 'trainingRun.grpo', type: 'trainingRun', input: { overrides: { 'grpo.steps': 3 } } },
  { name: 'trainingRun.sft', type: 'trainingRun', input: { overrides: { method: 'sft' } } },
  { name: 'trainingRun.wrong-input', type: 'trainingRun', input: { confg: 'quickstart' } },
  { name: 'benchmarkRun.base', type: 'benchmarkRun', input: { checkpoint: 'tiny' } },
  { name: 'trainingRun.resumed', type: 'trainingRun', input: { resume: { run: 'ended' } } },
  {
    name: 'datasetAnnotation',
    type: 'datasetAnnotation',
    input: { dataset: '/captions.jsonl', output: '/annotated.jsonl', overrides: { 'judge.kind': 'openai' } },
  },
];

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const environment = await startTemporal();
for (const { name, type, input } of SCENARIOS) {
  const shared = { connection: environment.nativeConnection, activities: scriptedStages([]) };
  const workflows = await Worker.create({ ...shared, taskQueue: 'histories', workflowBundle: await workflowBundle() });
  const policy = await Worker.create({ ...shared, taskQueue: 'policy-onnx' });
  const history = await workflows.runUntil(
    policy.runUntil(async () => {
      const handle = await environment.client.workflow.start(type, {
        taskQueue: 'histories',
        workflowId: name,
        args: [input],
      });
      await handle.result().catch(() => undefined);
      return handle.fetchHistory();
    }),
  );
  const path = fileURLToPath(new URL(`../../histories/${name}.json`, import.meta.url));
  // Stack traces name the folder this was recorded in.
  writeFileSync(path, `${historyToJSON(history).replaceAll(repository, '')}\n`);
  console.log(`${name}: ${history.events?.length} events`);
}
await environment.teardown();
