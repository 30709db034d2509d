import { pino } from 'pino';
import { readSettings } from './settings.ts';
import { startWorkers } from './start-workers.ts';

/** The workers of one machine, as a process. Prints `{"ready":true}` once it polls. */
// Whatever library writes a file for them: it is for the workers' user alone.
process.umask(0o077);
const log = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination(2));
const { ended } = await startWorkers(readSettings(), { log });
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await ended;
