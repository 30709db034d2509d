import { existsSync } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { PRIVATE } from '../core/durable-file.ts';
import { VideocapError } from '../core/errors.ts';
import { sha256 } from '../core/sha256.ts';

/** The section `configs` of `allowed.yaml`: folders, relative to that file, whose configs any run may name. */
export const AllowedConfigs = z.array(z.string().min(1)).max(1000);
export type AllowedConfigs = z.infer<typeof AllowedConfigs>;

/** Those that ship. */
const SHIPPED = fileURLToPath(new URL('.', import.meta.url));

/** Where commands note the configs that they start runs with: a file each, which holds a path. */
const noteOf = (home: string, path: string) => join(home, 'opened-configs', sha256(path));

/**
 * Notes that the owner of a home starts a run with a config of theirs. A run's input holds only the path, and may come
 * from others than the owner: without this note, workers would open any file that a run names.
 */
export async function allowConfig(home: string, path: string): Promise<void> {
  const real = await realpath(path);
  await mkdir(join(home, 'opened-configs'), { recursive: true, mode: PRIVATE.folder });
  await writeFile(noteOf(home, real), `${real}\n`, { mode: PRIVATE.file });
}

/**
 * @param path of a config that a run names.
 * @throws VideocapError `InvalidConfig` when a run may not name it. Whether there is such a file, it does not say.
 */
export async function requireAllowedConfig(
  path: string,
  { home, folders, allowedPath }: { home: string; folders: AllowedConfigs; allowedPath: string },
): Promise<void> {
  const real = await realpath(path).catch(() => undefined);
  const inside = async (folder: string) => {
    const top = await realpath(folder).catch(() => undefined);
    return top !== undefined && real !== undefined && !/^\.\.(\/|\\|$)/.test(relative(top, real));
  };
  if (real !== undefined && existsSync(noteOf(home, real))) return;
  for (const folder of [SHIPPED, ...folders.map((folder) => resolve(home, folder))]) if (await inside(folder)) return;
  throw new VideocapError(
    'InvalidConfig',
    `A run may not open ${path}: start it with \`videocap run ${path}\` where the workers are, or let ` +
      `${allowedPath} allow the folder: configs: [/folder/of/configs].`,
  );
}
