import { pino } from 'pino';
import { VideocapError } from '../core/errors.ts';
import { logLevel, readSettings } from './settings.ts';
import { startWorkers } from './start-workers.ts';

/** The worker of one host, as a process: `videocap worker`. Prints `{"ready":true}` once it polls. */
// Whatever library writes a file for them: it is for the workers' user alone.
process.umask(0o077);
const log = pino({ level: 'info' }, pino.destination(2));
// Node itself writes warnings as plain text.
process.removeAllListeners('warning').on('warning', ({ name, message }) => log.warn({ name }, message));
// The SDK takes the signals before its workers run, and forgets those that come before: a store that does not answer
// could not be left. Nothing has been begun then.
const leave = (signal: string) => {
  log.info(`Ended by ${signal} before it served a queue.`);
  process.exit();
};
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, leave);
try {
  log.level = logLevel(process.env);
  const { ended } = await startWorkers(readSettings(), { log });
  for (const signal of ['SIGTERM', 'SIGINT']) process.off(signal, leave);
  process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
  await ended;
} catch (error) {
  // A setting that is wrong is one sentence; any other error is a defect, and its stack helps to find it.
  if (!(error instanceof VideocapError)) throw error;
  log.fatal(error.message);
  process.exit(1);
}
