// Node 20 reads no TypeScript, and a thread starts without its parent's loader: loads the module that the thread is to
// run.
import { workerData } from 'node:worker_threads';
import { loadTypeScript } from './load-typescript.mjs';

await loadTypeScript(new URL(workerData.script));
