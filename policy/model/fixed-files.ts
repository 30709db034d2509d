import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readModelFile } from '../../core/model-file.ts';

/** The files beside the weights that `transformers` opens: training does not change them. */
const FIXED: readonly string[] = [
  'config.json',
  'generation_config.json',
  'preprocessor_config.json',
  'video_preprocessor_config.json',
  'processor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.json',
  'chat_template.jinja',
];

/**
 * What an exported model takes from the folder that it started from, by name. No other file of that folder: it is not
 * trusted, and may hold links to files of the machine.
 * @throws VideocapError `InvalidModel` when one is there and cannot be read.
 */
export function readFixedFiles(folder: string): Map<string, Buffer> {
  const there = FIXED.filter((name) => existsSync(join(folder, name)));
  return new Map(there.map((name) => [name, readModelFile(join(folder, name))]));
}
