import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import { ensureSearchAttributes } from '../../../workers/search-attributes.ts';
import { workflowBundle } from '../temporal-server.ts';
import { everyQueue } from '../workflows/every-queue.ts';
import { scriptedStages, updated } from '../workflows/scripted-stages.ts';

// The workers' program with scripted stages in place of models: what the command line starts in its tests.

const connection = await NativeConnection.connect({ address: process.env.TEMPORAL_ADDRESS! });
await ensureSearchAttributes(connection, 'default');
const activities = scriptedStages([], {
  updatePolicy: async ({ step }) => {
    await sleep(200);
    return updated(step);
  },
});
const workflows = { taskQueue: 'videocap', workflowBundle: await workflowBundle() };
const workers = await everyQueue(workflows, { connection, activities });
const running = Promise.all(workers.map((worker) => worker.run()));
process.stdout.write('{"ready":true}\n');
await running;
