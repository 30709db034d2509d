import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, Worker } from '@temporalio/worker';
import { workflowBundle } from '../temporal-server.ts';
import { scriptedStages } from '../workflows/scripted-stages.ts';

// The workers' program with scripted stages in place of models: what the command line starts in its tests.

const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS! });
const activities = scriptedStages([], {
  updatePolicy: async ({ step }: { step: number }) => {
    await sleep(200);
    return {
      policy: { model: 'tiny', step, weights: { uri: 'store:weights', sha256: '0'.repeat(64), bytes: 1 } },
      metrics: { loss: 0.1, kl: 0.01 },
      seconds: 0.2,
    };
  },
});
const workers = await Promise.all([
  Worker.create({ connection, activities, taskQueue: 'videocap', workflowBundle: await workflowBundle() }),
  Worker.create({ connection, activities, taskQueue: 'policy-onnx' }),
]);
const running = Promise.all(workers.map((worker) => worker.run()));
process.stdout.write('{"ready":true}\n');
await running;
