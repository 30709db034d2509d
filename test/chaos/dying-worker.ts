import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { reportProgress } from '../../workers/current-attempt.ts';
import { readSettings } from '../../workers/settings.ts';
import { startWorkers } from '../../workers/start-workers.ts';

/** The content of `<home>/deadly`. */
export interface Deadly {
  /** SIGKILL, as from a system whose memory runs out, or SIGTERM, as from a person who stops the worker. */
  signal: NodeJS.Signals;
  /** Every attempt at it ends the process some time after it has begun on a sample. */
  activity: string;
  /** Of this run; absent: of whichever. Then the same activity of other runs takes longer than until that death. */
  run?: string;
  /** Of its input; absent: any. */
  step?: number;
}

/** The real workers, and what ends them. */
const settings = readSettings();
const deadly = join(settings.home, 'deadly');
const { ended } = await startWorkers(settings, {
  log: pino({ level: 'warn' }, pino.destination(2)),
  interceptors: [
    (context) => ({
      inbound: {
        async execute(input, next) {
          const { step } = (input.args[0] ?? {}) as { step?: number };
          const death = existsSync(deadly) ? (JSON.parse(readFileSync(deadly, 'utf8')) as Deadly) : undefined;
          if (death && context.info.activityType === death.activity && (death.step ?? step) === step) {
            reportProgress({ done: 1, total: 3, what: 'gradients', on: 'sample train-7' });
            const isOther = death.run !== undefined && context.info.workflowExecution?.workflowId !== death.run;
            await sleep(isOther ? 2000 : 700);
            if (isOther) return next(input);
            process.kill(process.pid, death.signal);
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
