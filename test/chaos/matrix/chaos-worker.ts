import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { openSharedStorage } from '../../../core/open-storage.ts';
import { readSettings } from '../../../workers/settings.ts';
import { startWorkers } from '../../../workers/start-workers.ts';
import { type Order, Striker } from './strike.ts';

/**
 * The real workers, with a striker inside. Orders come as lines of JSON (`Order`) on standard input; the worker reports
 * in the same way that it is ready, and that it has struck.
 */
const settings = readSettings();
const striker = new Striker();
const storage = await openSharedStorage(settings.home, settings.store);
createInterface({ input: process.stdin })
  .on('line', (line) => striker.obey(JSON.parse(line) as Order))
  // The process that gave the orders is gone.
  .on('close', () => process.exit());
const { ended } = await startWorkers(settings, {
  storage: striker.watched(storage, `${settings.home}/made.log`),
  log: pino({ level: 'warn' }, pino.destination(2)),
  interceptors: [(context) => striker.interceptor(context)],
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await ended;
