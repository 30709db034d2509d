import { play } from './temporal-load.ts';
import { AS_DEPLOYED, changed } from './load-settings.ts';
import { percentile } from './history-figures.ts';
const [runs, steps, shards, polls] = process.argv.slice(2).map(Number);
const p = await play({ runs: runs!, steps: steps!, settings: changed(AS_DEPLOYED, {server: {shards: shards ?? 4, fsync: polls !== 1}}) }, { server: process.env.VIDEOCAP_TEMPORAL_SERVER!, schemaTool: process.env.VIDEOCAP_TEMPORAL_SQL! }, (l) => console.error(l));
const { histories: h, ...rest } = p;
console.log(JSON.stringify({ ...rest, executions: rest.executions.map(({events, bytes, stepTimes}) => [events, bytes, percentile(stepTimes,.5)]).slice(0,10) }), h.events, h.activities, h.steps);
for (const k of ['workflowTaskWaits', 'activityWaits', 'workflowTasks', 'stepTimes'] as const) console.log(k, [0.5, 0.95, 0.99, 1].map((s) => percentile(h[k], s).toFixed(0)).join(' '));
