import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { openSharedStorage } from '../../../core/open-storage.ts';
import type { Storage } from '../../../core/storage.ts';
import { readSettings } from '../../../workers/settings.ts';
import { startWorkers } from '../../../workers/start-workers.ts';
import { type Order, Striker } from './strike.ts';

/**
 * The real workers, with a striker inside. Orders come as lines of JSON (`Order`) on standard input; the worker reports
 * in the same way that it is ready, that it has heard of another run, and that it has struck.
 */
const settings = readSettings();
const striker = new Striker();
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
let place = settings.store;
let storage = await openSharedStorage(settings.home, place);
/** The storage of the present run. */
const current = new Proxy({} as Storage, {
  get: (_, name) => {
    const member = storage[name as keyof Storage];
    return typeof member === 'function' ? member.bind(storage) : member;
  },
});

async function obey(order: Order): Promise<void> {
  striker.obey(order);
  if (!('play' in order)) return;
  if (order.store !== place) {
    place = order.store;
    storage = await openSharedStorage(settings.home, place);
  }
  say({ playing: true });
}

createInterface({ input: process.stdin })
  .on('line', (line) => void obey(JSON.parse(line) as Order))
  // The process that gave the orders is gone.
  .on('close', () => process.exit());
const { ended } = await startWorkers(settings, {
  storage: striker.watched(current, `${settings.home}/made.log`),
  log: pino({ level: 'warn' }, pino.destination(2)),
  interceptors: [(context) => striker.interceptor(context)],
});
say({ ready: true });
await ended;
