import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** `Qwen/Qwen2-VL-2B-Instruct`: an owner and a name, as model hubs have them. */
const HUB_ID = /^[A-Za-z0-9][\w.-]*\/([A-Za-z0-9][\w.-]*)$/;

/**
 * What to do about a model's name that looks like one of a model hub, since no model is downloaded; `undefined` of
 * other names, and of a folder that is there.
 * @param from what a relative path starts from.
 */
export function hubRemedy(name: string, from: string): string | undefined {
  const [, model] = HUB_ID.exec(name) ?? [];
  if (model === undefined || existsSync(resolve(from, name))) return undefined;
  const folder = `models/${model}`;
  return `models are not downloaded: run \`hf download ${name} --local-dir ${folder}\`, and name ${folder}`;
}
