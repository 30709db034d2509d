import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { clipped } from '../../core/clipped.ts';
import { VideocapError } from '../../core/errors.ts';
import { readModelJson, readModelText } from '../../core/model-file.ts';
import { withinTime } from '../../core/within-time.ts';
import { DEFAULT_PROMPT } from '../prompt-config.ts';
import { chatTemplate } from './chat-template.ts';

const VIDEO_PAD = '<|video_pad|>';
const END = '<|im_end|>';

/** Characters of a text in an error. */
const LONGEST_SHOWN = 120;

/** Milliseconds for making a tokenizer; one of 150,000 tokens takes a second. */
const TO_LOAD = 30_000;
/** Milliseconds for one text, which takes a few; `withinTime` gives it twice. */
const FOR_A_TEXT = 2000;

/** Token ids around the video, whose tokens come between them. */
export interface Prompt {
  prefix: number[];
  suffix: number[];
}

/**
 * Text to tokens and back, as the model's own tokenizer and chat template have it. Both come from a model folder, which
 * is not trusted: a template is a program (`chat-template.ts`), and a tokenizer has regular expressions, which get a
 * limited time for each text.
 */
export class PolicyTokenizer {
  readonly #folder: string;
  readonly #tokenizer: Tokenizer;
  readonly #special: Map<string, number>;
  readonly #chat: (text: string) => string;
  /** The token that ends a completion. */
  readonly endToken: number;
  /** The token that stands for a video. */
  readonly videoToken: number;

  /**
   * Tries both files on a usual text, so that a wrong one is found before there is work to lose.
   * @throws VideocapError `InvalidModel` when the folder's tokenizer or template is none of Qwen2-VL's kind.
   */
  constructor(folder: string) {
    this.#folder = folder;
    this.#tokenizer = this.#tokenizerOf();
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
    this.#chat = this.#chatOf();
    this.prompt(DEFAULT_PROMPT);
    if (this.decode(this.completion(DEFAULT_PROMPT)) !== DEFAULT_PROMPT)
      throw this.#noTokenizer('a text of letters does not come back from its tokens');
  }

  /**
   * The prompt of one video, by the model's chat template.
   * @throws VideocapError `InvalidInput` when the text holds a special token: it would be read as one; `InvalidModel`
   *   when the template has no video, or the tokenizer makes nothing of the text.
   */
  prompt(text: string): Prompt {
    const special = [...this.#special.keys()].find((name) => text.includes(name));
    if (special !== undefined)
      throw new VideocapError(
        'InvalidInput',
        `The prompt ${JSON.stringify(clipped(text, LONGEST_SHOWN))} holds ${special}, a special token of the model; ` +
          "leave it out of prompt.texts and of the sample's own prompt: the chat template sets such tokens.",
      );
    const [before, after, ...rest] = this.#chat(text).split(VIDEO_PAD);
    if (before === undefined || after === undefined || rest.length > 0)
      throw new VideocapError(
        'InvalidModel',
        `The chat template of ${this.#folder} does not render a video as one <|video_pad|>; use Qwen2-VL's.`,
      );
    return { prefix: this.#encode(before), suffix: this.#encode(after) };
  }

  /**
   * The tokens of a completion to learn, end token included. A special token's name within the text loses its meaning.
   */
  completion(text: string): number[] {
    const plain = this.#tokenizing(() => this.#withoutSpecial(text));
    return [...this.#encode(plain), this.endToken];
  }

  /** The text of sampled tokens; special tokens, the end token among them, leave no trace. */
  decode(ids: readonly number[]): string {
    const how = { skip_special_tokens: true, clean_up_tokenization_spaces: false };
    return this.#tokenizing(() => this.#tokenizer.decode([...ids], how));
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
    if (text === '') return [];
    const ids: number[] = this.#tokenizing(() => this.#tokenizer.encode(text, { add_special_tokens: false }).ids);
    if (ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return ids;
    throw this.#noTokenizer(`it has no token for a part of ${JSON.stringify(clipped(text, LONGEST_SHOWN))}`);
  }

  #tokenizing<T>(compute: () => T, time = FOR_A_TEXT): T {
    const late = () => this.#noTokenizer(`a text takes them more than ${time / 1000} s`);
    try {
      return withinTime(time, compute, late);
    } catch (error) {
      throw error instanceof VideocapError ? error : this.#noTokenizer((error as Error).message, error);
    }
  }

  #noTokenizer(fault: string, cause?: unknown): VideocapError {
    const files = `${this.#folder}: tokenizer.json and tokenizer_config.json`;
    const message = `${files} are no tokenizer (${fault}); use a Qwen2-VL's.`;
    return new VideocapError('InvalidModel', message, { cause });
  }

  #tokenizerOf(): Tokenizer {
    const json = readModelJson(join(this.#folder, 'tokenizer.json'));
    const config = readModelJson(join(this.#folder, 'tokenizer_config.json'));
    return this.#tokenizing(() => new Tokenizer(json, config), TO_LOAD);
  }

  #chatOf(): (text: string) => string {
    const file = join(this.#folder, 'chat_template.jinja');
    const template = existsSync(file)
      ? readModelText(file)
      : readModelJson(join(this.#folder, 'tokenizer_config.json')).chat_template;
    if (typeof template !== 'string')
      throw new VideocapError(
        'InvalidModel',
        `${this.#folder} has no chat_template.jinja; add the model's chat template.`,
      );
    try {
      return chatTemplate(template);
    } catch (error) {
      const fault = (error as Error).message;
      const message = `The chat template of ${this.#folder} cannot be used (${fault}); use Qwen2-VL's.`;
      throw new VideocapError('InvalidModel', message, { cause: error });
    }
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
