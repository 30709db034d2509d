import { join } from 'node:path';
import { z } from 'zod';
import { readModelJson } from '../../core/model-file.ts';
import type { TextLengths } from '../../core/text-lengths.ts';
import { PolicyTokenizer } from './tokenizer.ts';

/** Both forms of a `config.json`: with `text_config`, and the flat one of the published models. */
const Context = z.object({ max_position_embeddings: z.int().positive().optional().catch(undefined) });
const ConfigFile = Context.extend({ text_config: Context.optional().catch(undefined) });

/** Counts tokens as the model of a folder does. @throws VideocapError `InvalidModel`. */
export function textLengths(folder: string): TextLengths {
  const { text_config, max_position_embeddings } = ConfigFile.parse(readModelJson(join(folder, 'config.json')));
  const tokenizer = new PolicyTokenizer(folder);
  return {
    context: text_config?.max_position_embeddings ?? max_position_embeddings,
    prompt(text) {
      const { prefix, suffix } = tokenizer.prompt(text);
      return prefix.length + suffix.length;
    },
    completion: (text) => tokenizer.completion(text).length,
  };
}
