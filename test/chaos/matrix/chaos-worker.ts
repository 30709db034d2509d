import { pino } from 'pino';
import { readSettings } from '../../../workers/settings.ts';
import { startWorkers } from '../../../workers/start-workers.ts';
import type { Cell } from './cells.ts';
import { Striker } from './strike.ts';

/** The real workers, with a striker inside: CHAOS_CELL says where it strikes, CHAOS_BUNDLE where the bundled workflows are. */
const settings = readSettings();
const { CHAOS_CELL, CHAOS_BUNDLE } = process.env;
const striker = new Striker(CHAOS_CELL ? (JSON.parse(CHAOS_CELL) as Cell) : undefined, `${settings.home}/made.log`);
const { ended } = await startWorkers(settings, {
  log: pino({ level: 'warn' }, pino.destination(2)),
  interceptors: [(context) => striker.interceptor(context)],
  ...(CHAOS_BUNDLE && { workflowBundle: { codePath: CHAOS_BUNDLE } }),
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await ended;
