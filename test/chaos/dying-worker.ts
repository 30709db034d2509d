import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { reportProgress } from '../../workers/current-attempt.ts';
import { readSettings } from '../../workers/settings.ts';
import { startWorkers } from '../../workers/start-workers.ts';

/**
 * The real workers. While `<home>/deadly` exists, their process gets the signal that it names in every attempt at the
 * update of step 2, some time after it has begun on a sample: SIGKILL, as from a system whose memory runs out, or
 * SIGTERM, as from a person who stops it.
 */
const settings = readSettings();
const deadly = join(settings.home, 'deadly');
const { ended } = await startWorkers(settings, {
  log: pino({ level: 'warn' }, pino.destination(2)),
  interceptors: [
    (context) => ({
      inbound: {
        async execute(input, next) {
          const { step } = (input.args[0] ?? {}) as { step?: number };
          if (context.info.activityType === 'updatePolicy' && step === 2 && existsSync(deadly)) {
            reportProgress({ done: 1, total: 3, what: 'gradients', on: 'sample train-7' });
            await sleep(700);
            process.kill(process.pid, readFileSync(deadly, 'utf8') as NodeJS.Signals);
            await context.cancelled;
          }
          return next(input);
        },
      },
    }),
  ],
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await ended;
