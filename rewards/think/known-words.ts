import type { Tokenizer } from '@huggingface/tokenizers';
import { isWrittenIn, scriptsLearnt, withoutMarks } from './scripts.ts';

/** What `tokenizer.json` states of its vocabulary: token to id, or, of a Unigram model, tokens with their scores. */
interface TokenizerFile {
  model?: {
    vocab?: Readonly<Record<string, number>> | readonly (readonly [token: string, score: number])[];
    unk_token?: string | null;
    unk_id?: number | null;
  };
  decoder?: unknown;
}

/**
 * Which words a model knows: those without an unknown token, in scripts that its vocabulary has words of. Where its
 * tokenizer drops the marks of letters, a word with marks is another word to the model (`año` and `ano`): it does not
 * know it.
 */
export function knownWords(tokenizer: Tokenizer, file: TokenizerFile): (word: string) => boolean {
  const { vocab = {}, unk_token, unk_id } = file.model ?? {};
  const tokens = Array.isArray(vocab) ? vocab.map(([token]) => String(token)) : Object.keys(vocab);
  const ids = Array.isArray(vocab) ? vocab.map((_, id) => id) : Object.values(vocab as Record<string, number>);
  // Tokens of bytes are no text.
  const texts = isOfBytes(file.decoder) ? ids.map((id) => tokenizer.decode([id])) : tokens;
  const scripts = scriptsLearnt(texts);
  const unknown = typeof unk_token === 'string' ? tokenizer.token_to_id(unk_token) : (unk_id ?? undefined);
  const idsOf = (word: string) => tokenizer.encode(word, { add_special_tokens: false }).ids;
  return (word) => {
    const own = idsOf(word);
    // Without an unknown token, the tokenizer gives no id.
    const isUnknown = own.length === 0 || own.some((id: unknown) => id === unknown || !Number.isSafeInteger(id));
    if (isUnknown || !isWrittenIn(scripts, word)) return false;
    const bare = withoutMarks(word);
    return bare === word || idsOf(bare).join() !== own.join();
  };
}

/** Whether the tokens stand for bytes, each written as some letter (GPT-2's way). */
function isOfBytes(decoder: unknown): boolean {
  if (typeof decoder !== 'object' || decoder === null) return false;
  const { type, decoders } = decoder as { type?: unknown; decoders?: unknown };
  return type === 'ByteLevel' || (Array.isArray(decoders) && decoders.some(isOfBytes));
}
