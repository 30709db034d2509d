import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PRIVATE, writeDurably } from '../../core/durable-file.ts';
import { VideocapError } from '../../core/errors.ts';

export const SERVICE_NAMES = ['temporal', 'temporal-ui', 'mlflow', 'workers'] as const;
export type ServiceName = (typeof SERVICE_NAMES)[number];

/** One running service: its process and its log. */
export const ServiceRecord = z.strictObject({
  pid: z.int().positive(),
  /** When the operating system says the process started; see `ProcessIdentity`. */
  started: z.string(),
  startedAt: z.iso.datetime(),
  log: z.string(),
});
export type ServiceRecord = z.infer<typeof ServiceRecord>;

/** `services.json`: the running services and their ports. Ports outlive the services, so that links stay valid. */
export const ServiceState = z.strictObject({
  ports: z.strictObject({ temporal: z.int(), temporalUi: z.int(), mlflow: z.int() }).partial().default({}),
  /** Where Temporal's UI itself listens, while Temporal runs: `ports.temporalUi` is that of the proxy before it. */
  hiddenUi: z.strictObject({ host: z.string(), port: z.int() }).optional(),
  services: z.partialRecord(z.enum(SERVICE_NAMES), ServiceRecord).default({}),
});
export type ServiceState = z.infer<typeof ServiceState>;

const path = (home: string) => join(home, 'services.json');

export async function readState(home: string): Promise<ServiceState> {
  const text = await readFile(path(home), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    return ServiceState.parse(JSON.parse(text));
  } catch (error) {
    throw new VideocapError(
      'InvalidInput',
      `${path(home)} cannot be read as the list of running services; end them by hand if any run, then remove the ` +
        'file.',
      { cause: error },
    );
  }
}

/** A reader sees the old state or the new one. */
export async function writeState(home: string, state: ServiceState): Promise<void> {
  await mkdir(home, { recursive: true, mode: PRIVATE.folder });
  await writeDurably(path(home), `${JSON.stringify(state, null, 2)}\n`, 'replace', PRIVATE.file);
}
