import { join } from 'node:path';
import { pino } from 'pino';
import { FileStorage } from '../../core/file-storage.ts';
import { readSettings } from '../../workers/settings.ts';
import { startWorkers } from '../../workers/start-workers.ts';
import { WatchedStorage } from '../storage/watched-storage.ts';

/**
 * The real workers, which stop themselves (SIGSTOP) with their work done and not yet stored: as they look for the first
 * artifact whose key contains ZOMBIE_STOPS_AT. Prints `{"stopped":true}` just before.
 */
const { ZOMBIE_STOPS_AT } = process.env;
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

const settings = readSettings();
let stopped = false;
const storage = new WatchedStorage(new FileStorage(join(settings.home, 'store')), {
  before({ method, key }) {
    if (stopped || !ZOMBIE_STOPS_AT || method !== 'getRef' || !key.includes(ZOMBIE_STOPS_AT)) return;
    stopped = true;
    say({ stopped: true });
    process.kill(process.pid, 'SIGSTOP');
  },
});
const { ended } = await startWorkers(settings, { storage, log: pino({ level: 'warn' }, pino.destination(2)) });
say({ ready: true });
await ended;
