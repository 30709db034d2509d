import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs/minimal.js';

/** Fields of ONNX's messages (onnx.proto3), and of its enumerations. */
const [FLOAT, INT64] = [1, 7];

/** A message with these fields: numbers, texts, bytes. */
function message(...fields: readonly (readonly [field: number, value: number | string | Uint8Array])[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const [field, value] of fields)
    if (typeof value === 'number') writer.uint32((field << 3) | 0).int64(value);
    else if (typeof value === 'string') writer.uint32((field << 3) | 2).string(value);
    else writer.uint32((field << 3) | 2).bytes(value);
  return writer.finish();
}

function valueInfo(name: string, type: number, ...dimensions: (number | string)[]): Uint8Array {
  const dims = dimensions.map((one) => [1, message(typeof one === 'number' ? [1, one] : [2, one])] as const);
  return message([1, name], [2, message([1, message([1, type], [2, message(...dims)])])]);
}

/**
 * An ONNX graph that looks up a vector for each token: `[1, tokens] -> [1, tokens, numbers]`.
 * @param input the name of the graph's input; @param output of its output.
 */
export function lookUpGraph(vectors: readonly (readonly number[])[], input = 'input_ids', output = 'token_embeddings') {
  const numbers = vectors[0]?.length ?? 1;
  const raw = new Uint8Array(Float32Array.from(vectors.flat()).buffer);
  const table = message([1, vectors.length], [1, numbers], [2, FLOAT], [8, 'table'], [9, raw]);
  const gather = message([1, 'table'], [1, input], [2, output], [4, 'Gather']);
  const graph = message(
    ...[[1, gather] as const, [2, 'look-up'] as const, [5, table] as const],
    [11, valueInfo(input, INT64, 1, 'tokens')],
    [12, valueInfo(output, FLOAT, 1, 'tokens', numbers)],
  );
  return message([1, 8], [7, graph], [8, message([1, ''], [2, 13])]);
}

/** A tokenizer of whole words, in the layout of `tokenizer.json`. */
export function wordTokenizer(words: readonly string[]) {
  return {
    ...{ version: '1.0', truncation: null, padding: null, added_tokens: [], post_processor: null, decoder: null },
    ...{ normalizer: { type: 'NFC' }, pre_tokenizer: { type: 'Whitespace' } },
    model: {
      ...{ type: 'WordPiece', continuing_subword_prefix: '##', max_input_chars_per_word: 100 },
      vocab: Object.fromEntries(['[UNK]', ...words].map((word, id) => [word, id])),
      unk_token: '[UNK]',
    },
  };
}

/** Chinese words, so many that their script counts as learnt. */
const FILLING = Array.from({ length: 120 }, (_, i) => String.fromCharCode(0x4e00 + 2 * i, 0x4e01 + 2 * i));

/** Writes a model of words of which some mean the same: each group has a direction of its own. */
export async function writeSmallModel(folder: string, groups: readonly (readonly string[])[], graph = 'model.onnx') {
  // A model of Chinese knows its characters, too.
  const words = [...new Set([...groups.flat(), ...groups.flat().join(''), ...FILLING])];
  const direction = (of: number) => groups.map((_, i) => (i === of ? 1 : 0)).concat(of < 0 ? 1 : 0);
  const vectors = [-1, ...words.map((word) => groups.findIndex((group) => group.includes(word)))].map(direction);
  await mkdir(dirname(join(folder, graph)), { recursive: true });
  await writeFile(join(folder, graph), lookUpGraph(vectors));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(wordTokenizer(words)));
}
