import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelPath } from '../../policy/model/model-path.ts';
import { PolicyTokenizer } from '../../policy/model/tokenizer.ts';
import { openModelFolder } from '../../policy/onnx/model/model-folder.ts';
import { readWeightsFile } from '../../policy/onnx/model/weights-file.ts';
import { readDimensions } from '../../policy/plan/dimensions.ts';
import { modelDimensions } from '../../policy/plan/model-dimensions.ts';
import type { PinnedSentence } from './sentence.ts';

/** A copy of the tiny model, with one of its files changed; without `change`, the file is taken away. */
function opened(file: string, change?: (text: string) => string): void {
  const folder = mkdtempSync(join(tmpdir(), 'videocap-model-'));
  cpSync(openModelFolder('tiny').path, folder, { recursive: true, filter: (path) => !path.endsWith('onnx') });
  const path = join(folder, file);
  if (change) writeFileSync(path, change(readFileSync(path, 'utf8')));
  else rmSync(path);
  const model = openModelFolder(folder);
  new PolicyTokenizer(model.path);
  readWeightsFile(model);
}
const withFields = (fields: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...fields });

const SIZES = { vocab_size: 1, hidden_size: 1, intermediate_size: 1, num_hidden_layers: 1 };

/** What is wrong with a model folder. */
export const MODEL_SENTENCES: readonly PinnedSentence[] = [
  [
    'InvalidModel: Model "tinny" is neither a shipped model (tiny) nor a folder; use one of them, or run:RUN for a ' +
      "run's last checkpoint.",
    () => modelPath('tinny'),
  ],
  [
    'InvalidModel: Model "Qwen/Qwen2-VL-2B-Instruct" is neither a shipped model (tiny) nor a folder; models are not ' +
      'downloaded: run `hf download Qwen/Qwen2-VL-2B-Instruct --local-dir models/Qwen2-VL-2B-Instruct`, and name ' +
      'models/Qwen2-VL-2B-Instruct.',
    () => modelPath('Qwen/Qwen2-VL-2B-Instruct'),
  ],
  [
    'InvalidModel: Model "models/other" cannot be planned: it is no folder with a config.json on this machine; give ' +
      'one, a shipped model, or one of Qwen/Qwen2-VL-2B-Instruct, Qwen/Qwen2-VL-7B-Instruct, ' +
      'Qwen/Qwen2.5-VL-7B-Instruct, Qwen/Qwen3-VL-4B-Instruct, Qwen/Qwen3-VL-8B-Instruct as policy.model.',
    () => modelDimensions('models/other'),
  ],
  [
    'InvalidModel: Model "m" cannot be planned: num_attention_heads of its config.json is not usable (Invalid ' +
      'input: expected number, received string); use a Qwen2-VL, Qwen2.5-VL or Qwen3-VL with the config.json that ' +
      'it was published with.',
    () => readDimensions({ ...SIZES, model_type: 'qwen2_vl', num_attention_heads: 'many', vision_config: {} }, 'm'),
  ],
  [
    'InvalidModel: Model file ~/config.json is no JSON; use a whole copy of the model.',
    () => opened('config.json', () => ''),
  ],
  [
    'InvalidModel: Model file ~/tokenizer.json is no JSON object; use a whole copy of the model.',
    () => opened('tokenizer.json', () => '[]'),
  ],
  [
    'InvalidModel: Model file ~/tokenizer.json only points at a file in Git LFS; run `git lfs pull` in its folder.',
    () => opened('tokenizer.json', () => 'version https://git-lfs.github.com/spec/v1\n'),
  ],
  [
    'InvalidModel: Model "~" has a config.json whose model_type is "llava" (Invalid input: expected "qwen2_vl"); ' +
      'use a Qwen2-VL.',
    () => opened('config.json', withFields({ model_type: 'llava' })),
  ],
  [
    'InvalidModel: Model "~" has a config.json whose vision_config is missing; use a Qwen2-VL.',
    () => opened('config.json', withFields({ vision_config: undefined })),
  ],
  [
    'InvalidModel: Model "~" has a preprocessor_config.json whose patch_size is 0, but its vision tower takes 14; ' +
      'use both files of one model.',
    () => opened('preprocessor_config.json', withFields({ patch_size: 0 })),
  ],
  [
    "InvalidModel: The chat template of ~ cannot be used (it does not have the prompt's text once and as it is); use " +
      "Qwen2-VL's.",
    () => opened('chat_template.jinja', () => '<|video_pad|>{{ messages[0].content[1].text | upper }}'),
  ],
  [
    'InvalidModel: ~: tokenizer.json and tokenizer_config.json are no tokenizer (a text of letters does not come ' +
      "back from its tokens); use a Qwen2-VL's.",
    () => opened('tokenizer.json', withFields({ normalizer: { type: 'Lowercase' } })),
  ],
];
