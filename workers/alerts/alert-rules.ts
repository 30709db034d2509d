import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';
import { fileFault, readRegularFile } from '../../core/regular-file.ts';

export const EVENTS = ['paused', 'failed', 'finished'] as const;
export type AlertEvent = (typeof EVENTS)[number];

const On = z
  .array(z.enum(EVENTS))
  .min(1)
  .default([...EVENTS]);
const Variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);

const Webhook = z.strictObject({
  /** Where an alert is posted to as JSON; or the environment variable with the address, where that is a secret. */
  url: z.url({ protocol: /^https?$/ }).optional(),
  urlEnv: Variable.optional(),
  /** Header -> the environment variable that holds its value. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]+$/), Variable).default({}),
  on: On,
});
const Command = z.strictObject({
  /** A program and its arguments; no shell reads them. It gets the alert as JSON on standard input. */
  command: z.array(z.string()).min(1),
  on: On,
});

/** `<home>/alerts.yaml`: whom the owner of a worker tells what becomes of runs. No run can name one. */
export const AlertRules = z.strictObject({
  webhooks: z
    .array(
      Webhook.refine(({ url, urlEnv }) => (url === undefined) !== (urlEnv === undefined), 'write either url or urlEnv'),
    )
    .max(20)
    .default([]),
  commands: z.array(Command).max(20).default([]),
});
export type AlertRules = z.infer<typeof AlertRules>;
export type Webhook = z.infer<typeof Webhook>;

const MOST_BYTES = 2 ** 16;

/**
 * Reads the owner's rules; `undefined` where there is no file, and so nothing to tell.
 * @throws VideocapError `InvalidConfig` for a file that cannot be used.
 */
export async function readAlertRules(home: string): Promise<AlertRules | undefined> {
  const path = join(home, 'alerts.yaml');
  try {
    const text = (await readRegularFile(path, MOST_BYTES)).toString('utf8');
    return AlertRules.parse(parse(text) ?? {});
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof z.ZodError) {
      const { path: at, message } = error.issues[0]!;
      throw wrong(path, `${at.join('.') || 'the file'}: ${message}`, error);
    }
    throw wrong(path, fileFault(error) ?? (error as Error).message.split('\n')[0]!, error);
  }
}

function wrong(path: string, what: string, cause: unknown): VideocapError {
  return new VideocapError('InvalidConfig', `${path} cannot be used, and no alert is sent: ${what}.`, { cause });
}
