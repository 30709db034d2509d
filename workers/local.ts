import { pino } from 'pino';
import { readSettings } from './settings.ts';
import { startWorkers } from './start-workers.ts';

/** The workers of one machine, as a process. Prints `{"ready":true}` once it polls. */
const log = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination(2));
const { ended } = await startWorkers(readSettings(), { log });
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await ended;
