import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import { VideocapError } from '../../core/errors.ts';
import { sha256 } from '../../core/sha256.ts';
import { withinTime } from '../../core/within-time.ts';
import { DEFAULT_PROMPT } from '../prompt-config.ts';
import { readModelJson, readModelText } from './model-file.ts';

const VIDEO_PAD = '<|video_pad|>';
const END = '<|im_end|>';

/** Milliseconds for making a tokenizer; one of 150,000 tokens takes a second. */
const TO_LOAD = 30_000;
/** Milliseconds for one text, which takes a few; `withinTime` gives it twice. */
const FOR_A_TEXT = 2000;
/** Renders once in a process of its own, with this much memory: a template can build lists that would end ours. */
const RENDERER = fileURLToPath(new URL('render-template.mjs', import.meta.url));
const TEMPLATE_MEGABYTES = 128;

/** Token ids around the video, whose tokens come between them. */
export interface Prompt {
  prefix: number[];
  suffix: number[];
}

/**
 * Text to tokens and back, as the model's own tokenizer and chat template have it. Both come from a model folder, which
 * is not trusted: a template is a program, and a tokenizer has regular expressions. Each text has a limited time.
 */
export class PolicyTokenizer {
  readonly #folder: string;
  readonly #tokenizer: Tokenizer;
  readonly #special: Map<string, number>;
  readonly #template: Template;
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
    this.#template = this.#templateOf();
    this.prompt(DEFAULT_PROMPT);
    if (this.decode(this.completion(DEFAULT_PROMPT)) !== DEFAULT_PROMPT)
      throw this.#noTokenizer('a text of letters does not come back from its tokens');
  }

  /**
   * The prompt of one video, by the model's chat template.
   * @throws VideocapError `InvalidInput` when the text holds a special token: it would be read as one; `InvalidModel`
   *   when template or tokenizer make nothing of it.
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
    const rendered = this.#rendering(() => this.#template.render({ messages, add_generation_prompt: true }));
    const [before, after, ...rest] = rendered.split(VIDEO_PAD);
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
    throw this.#noTokenizer(`it has no token for a part of ${JSON.stringify(shortened(text))}`);
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

  #rendering<T>(compute: () => T): T {
    const wrong = (fault: string, cause?: unknown) => {
      const message = `The chat template of ${this.#folder} cannot be rendered (${fault}); use Qwen2-VL's.`;
      return new VideocapError('InvalidModel', message, { cause });
    };
    try {
      return withinTime(FOR_A_TEXT, compute, () => wrong(`it takes more than ${FOR_A_TEXT / 1000} s`));
    } catch (error) {
      throw error instanceof VideocapError ? error : wrong((error as Error).message, error);
    }
  }

  #tokenizerOf(): Tokenizer {
    const json = readModelJson(join(this.#folder, 'tokenizer.json'));
    const config = readModelJson(join(this.#folder, 'tokenizer_config.json'));
    return this.#tokenizing(() => new Tokenizer(json, config), TO_LOAD);
  }

  #templateOf(): Template {
    const file = join(this.#folder, 'chat_template.jinja');
    const template = existsSync(file)
      ? readModelText(file)
      : readModelJson(join(this.#folder, 'tokenizer_config.json')).chat_template;
    if (typeof template !== 'string')
      throw new VideocapError(
        'InvalidModel',
        `${this.#folder} has no chat_template.jinja; add the model's chat template.`,
      );
    return this.#rendering(() => {
      const parsed = new Template(template);
      const digest = sha256(template);
      if (!rendered.has(digest)) tryInProcess(template);
      rendered.add(digest);
      return parsed;
    });
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

/** Digests of the templates that this process has tried, and that rendered: a process for each trial takes long. */
const rendered = new Set<string>();

/** @throws Error where the template does not end, takes too much memory, or fails. */
function tryInProcess(template: string): void {
  const messages = [{ role: 'user', content: [{ type: 'video' }, { type: 'text', text: DEFAULT_PROMPT }] }];
  const { status, stderr } = spawnSync(process.execPath, [`--max-old-space-size=${TEMPLATE_MEGABYTES}`, RENDERER], {
    input: JSON.stringify({ template, items: { messages, add_generation_prompt: true } }),
    timeout: FOR_A_TEXT,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  if (status === 3) throw new Error(stderr);
  if (status !== 0) throw new Error(`it takes more than ${FOR_A_TEXT / 1000} s or ${TEMPLATE_MEGABYTES} MB`);
}
