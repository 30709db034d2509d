import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { VideocapError } from '../../../core/errors.ts';
import { jsonFileFault } from '../../../core/json-fault.ts';
import { readText } from './read-text.ts';

const VIDEO_PAD = '<|video_pad|>';
const END = '<|im_end|>';

/** Token ids around the video, whose tokens come between them. */
export interface Prompt {
  prefix: number[];
  suffix: number[];
}

/** Text to tokens and back, as the model's own tokenizer and chat template have it. */
export class PolicyTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #special: Map<string, number>;
  readonly #template: string;
  /** The token that ends a completion. */
  readonly endToken: number;
  /** The token that stands for a video. */
  readonly videoToken: number;

  /** @throws VideocapError `InvalidModel` when the folder's tokenizer is none of Qwen2-VL's kind. */
  constructor(folder: string) {
    const json = readJson(folder, 'tokenizer.json');
    const config = readJson(folder, 'tokenizer_config.json');
    this.#tokenizer = tokenizerOf(folder, json, config);
    const added = [...this.#tokenizer.get_added_tokens_decoder()].filter(([, token]) => token.special);
    this.#special = new Map(added.map(([id, token]) => [token.content, id]));
    for (const token of [VIDEO_PAD, END])
      if (!this.#special.has(token))
        throw new VideocapError(
          'InvalidModel',
          `${folder}/tokenizer.json has no special token ${token}; use a Qwen2-VL's.`,
        );
    this.endToken = this.#special.get(END)!;
    this.videoToken = this.#special.get(VIDEO_PAD)!;
    this.#template = chatTemplate(folder, config);
  }

  /**
   * The prompt of one video, by the model's chat template.
   * @throws VideocapError `InvalidInput` when the text holds a special token: it would be read as one.
   */
  prompt(text: string): Prompt {
    const special = [...this.#special.keys()].find((name) => text.includes(name));
    if (special !== undefined)
      throw new VideocapError(
        'InvalidInput',
        `The prompt ${JSON.stringify(shortened(text))} holds ${special}, a special token of the model; leave it ` +
          "out of prompt.texts and of the sample's own prompt: the chat template sets such tokens.",
      );
    const messages = [{ role: 'user', content: [{ type: 'video' }, { type: 'text', text }] }];
    const rendered = render(this.#template, { messages, add_generation_prompt: true });
    const [before, after, ...rest] = rendered.split(VIDEO_PAD);
    if (before === undefined || after === undefined || rest.length > 0)
      throw new VideocapError(
        'InvalidModel',
        "The chat template does not render a video as one <|video_pad|>; use Qwen2-VL's.",
      );
    return { prefix: this.#encode(before), suffix: this.#encode(after) };
  }

  /**
   * The tokens of a completion to learn, end token included. A special token's name within the text loses its meaning.
   */
  completion(text: string): number[] {
    return [...this.#encode(this.#withoutSpecial(text)), this.endToken];
  }

  /** The text of sampled tokens; special tokens, the end token among them, leave no trace. */
  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  /** 1 for every id that is never sampled: special tokens but the end token, and ids that stand for no token. */
  suppressed(vocabulary: number): Uint8Array {
    const special = new Set(this.#special.values());
    return Uint8Array.from({ length: vocabulary }, (_, id) => {
      if (id === this.endToken) return 0;
      return special.has(id) || this.#tokenizer.id_to_token(id) === undefined ? 1 : 0;
    });
  }

  #encode(text: string): number[] {
    return text === '' ? [] : this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /**
   * In time linear in the text: a name is dropped as soon as it is whole, so what is left around it may complete
   * another.
   */
  #withoutSpecial(text: string): string {
    const names = [...this.#special.keys()];
    if (!names.some((name) => text.includes(name))) return text;
    const longest = Math.max(...names.map((name) => name.length));
    const kept: string[] = [];
    for (const unit of text.split('')) {
      kept.push(unit);
      const tail = kept.slice(-longest).join('');
      const name = names.find((one) => tail.endsWith(one));
      if (name) kept.length -= name.length;
    }
    return kept.join('');
  }
}

/** A text as an error can hold it. */
function shortened(text: string): string {
  return text.length <= 120 ? text : `${text.slice(0, 120)}...`;
}

function tokenizerOf(folder: string, json: Record<string, unknown>, config: Record<string, unknown>): Tokenizer {
  try {
    return new Tokenizer(json, config);
  } catch (cause) {
    const files = `${folder}: tokenizer.json and tokenizer_config.json`;
    const message = `${files} are no tokenizer (${(cause as Error).message}); use a Qwen2-VL's.`;
    throw new VideocapError('InvalidModel', message, { cause });
  }
}

function render(template: string, values: Record<string, unknown>): string {
  try {
    return new Template(template).render(values);
  } catch (cause) {
    const message = `The chat template cannot be rendered (${(cause as Error).message}); use Qwen2-VL's.`;
    throw new VideocapError('InvalidModel', message, { cause });
  }
}

function chatTemplate(folder: string, config: Record<string, unknown>): string {
  const file = join(folder, 'chat_template.jinja');
  if (!existsSync(file)) {
    if (typeof config.chat_template === 'string') return config.chat_template;
    throw new VideocapError('InvalidModel', `${folder} has no chat_template.jinja; add the model's chat template.`);
  }
  try {
    return readText(file);
  } catch (error) {
    throw new VideocapError('InvalidModel', `${file} cannot be read: ${(error as Error).message}.`);
  }
}

function readJson(folder: string, file: string): Record<string, unknown> {
  try {
    return JSON.parse(readText(join(folder, file)));
  } catch (error) {
    throw new VideocapError('InvalidModel', `${join(folder, file)} cannot be read: ${jsonFileFault(error)}.`);
  }
}
