import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VideocapError } from '../../core/errors.ts';

const SHIPPED = fileURLToPath(new URL('../models/', import.meta.url));

/** Folders of the shipped models, by name. */
export function shippedModels(): Map<string, string> {
  const entries = readdirSync(SHIPPED, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Map(entries.map(({ name }) => [name, join(SHIPPED, name)]));
}

/**
 * The folder of the model that a config names: a shipped model by name, or a folder by path.
 * @throws VideocapError `InvalidModel`.
 */
export function modelPath(name: string): string {
  const shipped = shippedModels();
  const path = shipped.get(name) ?? resolve(name);
  if (existsSync(path)) return path;
  throw new VideocapError(
    'InvalidModel',
    `Model "${name}" is neither a shipped model (${[...shipped.keys()]}) nor a folder; use one of them as ` +
      'policy.model.',
  );
}
