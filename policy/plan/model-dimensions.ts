import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';
import { readModelJson } from '../../core/model-file.ts';
import { shippedModels } from '../model/model-path.ts';
import { type Dimensions, readDimensions } from './dimensions.ts';

/** What counts of the `config.json` of published models, by their ids on the Hugging Face hub. */
const PRESETS = z
  .record(z.string(), z.strictObject({ source: z.url(), config: z.unknown() }))
  .parse(JSON.parse(readFileSync(new URL('./model-presets.json', import.meta.url), 'utf8')));

export const PRESET_NAMES = Object.keys(PRESETS);

/**
 * The sizes of the model that a config names: a shipped model, a folder, or a published model that this machine does
 * not have, by the last part of its path. `preset`: the published model's id.
 * @throws VideocapError `InvalidModel`.
 */
export function modelDimensions(name: string): { dimensions: Dimensions; preset?: string } {
  const folder = shippedModels().get(name) ?? resolve(name);
  const file = join(folder, 'config.json');
  if (existsSync(file)) return { dimensions: readDimensions(readModelJson(file), name) };
  const wanted = basename(name).toLowerCase();
  const preset = PRESET_NAMES.find((id) => basename(id).toLowerCase() === wanted);
  if (preset) return { dimensions: readDimensions(PRESETS[preset]!.config, preset), preset };
  throw new VideocapError(
    'InvalidModel',
    `Model "${name}" cannot be planned: it is no folder with a config.json on this machine; give one, a shipped ` +
      `model, or one of ${PRESET_NAMES.join(', ')} as policy.model.`,
  );
}
