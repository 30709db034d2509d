import { pino } from 'pino';
import { VideocapError } from '../core/errors.ts';
import { readSettings } from './settings.ts';
import { startWorkers } from './start-workers.ts';

/** The worker of one host, as a process: `videocap worker`. Prints `{"ready":true}` once it polls. */
// Whatever library writes a file for them: it is for the workers' user alone.
process.umask(0o077);
const log = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination(2));
try {
  const { ended } = await startWorkers(readSettings(), { log });
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
  await ended;
} catch (error) {
  // A setting that is wrong is one sentence; any other error is a defect, and its stack helps to find it.
  if (!(error instanceof VideocapError)) throw error;
  log.fatal(error.message);
  process.exit(1);
}
