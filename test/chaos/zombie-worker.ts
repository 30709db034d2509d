import { pino } from 'pino';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { readSettings } from '../../workers/settings.ts';
import { startWorkers } from '../../workers/start-workers.ts';

/**
 * The real workers, which stop themselves (SIGSTOP) with their work done and not yet stored: at the first artifact whose key
 * contains ZOMBIE_STOPS_AT. Prints `{"stopped":true}` just before, and `{"tried":...}` with what became of it once continued.
 */
const { ZOMBIE_STOPS_AT } = process.env;
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

let stopped = false;
const put = ArtifactStore.prototype.put;
ArtifactStore.prototype.put = async function (key, bytes) {
  if (stopped || !ZOMBIE_STOPS_AT || !key.includes(ZOMBIE_STOPS_AT)) return put.call(this, key, bytes);
  stopped = true;
  say({ stopped: true });
  process.kill(process.pid, 'SIGSTOP');
  try {
    const ref = await put.call(this, key, bytes);
    say({ tried: key, stored: true });
    return ref;
  } catch (error) {
    say({ tried: key, code: (error as { code?: string }).code });
    throw error;
  }
};

const { ended } = await startWorkers(readSettings(), { log: pino({ level: 'warn' }, pino.destination(2)) });
say({ ready: true });
await ended;
