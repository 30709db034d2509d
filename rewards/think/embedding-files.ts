import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import { readModelFile, readModelJson } from '../../core/model-file.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';
import { readInstalledFile } from './installed-model.ts';

/** Where a model's files are. */
export interface ModelSource {
  folder: string;
  /** The model that the set-up has installed there. If not, a folder that a config names, which is not trusted. */
  installed: boolean;
  /** The hash that the files must have, where a config insists on one. */
  sha256?: string | undefined;
}

/** A model as it is on disk. */
export interface EmbeddingFiles {
  onnx: Buffer;
  tokenizer: Record<string, unknown>;
  tokenizerConfig: Record<string, unknown>;
  /** Which of a phrase's tokens make its embedding, where the model gives one for each: the first, or their mean. */
  pooling: 'cls' | 'mean';
  /** SHA-256 of all of these. */
  sha256: string;
}

/** Bytes; a larger graph keeps its weights in other files, which are not read. */
const MAX_GRAPH = 2 ** 31 - 1;
/** Where exporters write the graph. */
const GRAPHS = ['model.onnx', join('onnx', 'model.onnx')];
const POOLING = join('1_Pooling', 'config.json');

/** @throws VideocapError `InvalidModel`; of the installed model `MissingTool`, `CorruptArtifact`. */
export function readEmbeddingFiles({ folder, installed }: ModelSource): EmbeddingFiles {
  if (!installed) return readNamedFiles(folder);
  const tokenizer = JSON.parse(readInstalledFile(folder, 'tokenizer.json').toString('utf8'));
  const onnx = readInstalledFile(folder, 'model.onnx');
  const sha256 = hashOf(EMBEDDING_MODEL.files.map(({ name, sha256 }) => [name, sha256]));
  // BAAI trains its models so that the first token stands for the text.
  return { onnx, tokenizer, tokenizerConfig: {}, pooling: 'cls', sha256 };
}

function readNamedFiles(folder: string): EmbeddingFiles {
  const there = (name: string) => existsSync(join(folder, name));
  const graph = GRAPHS.find(there);
  if (graph === undefined)
    throw unusable(
      folder,
      existsSync(folder) ? 'it has neither model.onnx nor onnx/model.onnx' : 'there is no such folder',
    );
  const onnx = readModelFile(join(folder, graph), MAX_GRAPH);
  const tokenizer = readModelJson(join(folder, 'tokenizer.json'));
  const tokenizerConfig = there('tokenizer_config.json') ? readModelJson(join(folder, 'tokenizer_config.json')) : {};
  const pooling = there(POOLING) ? poolingOf(folder, readModelJson(join(folder, POOLING))) : 'mean';
  const digest = createHash('sha256').update(onnx).digest('hex');
  return { onnx, tokenizer, tokenizerConfig, pooling, sha256: hashOf([digest, tokenizer, tokenizerConfig, pooling]) };
}

/** As sentence-transformers writes it. */
function poolingOf(folder: string, { pooling_mode_cls_token, pooling_mode_mean_tokens }: Record<string, unknown>) {
  if (pooling_mode_cls_token === true && pooling_mode_mean_tokens !== true) return 'cls';
  if (pooling_mode_mean_tokens === true && pooling_mode_cls_token !== true) return 'mean';
  throw unusable(folder, `${POOLING} asks for a pooling that is neither the mean of the tokens nor the first one`);
}

const hashOf = (content: unknown) => createHash('sha256').update(JSON.stringify(content)).digest('hex');

/** @param fault as a clause: `it has no model.onnx`. */
export function unusable(folder: string, fault: string, cause?: unknown): VideocapError {
  return new VideocapError(
    'InvalidModel',
    `Embedding model ${folder} cannot be used: ${fault}; name a folder with a sentence-embedding model as ` +
      'model.onnx and its tokenizer.json in reward.embeddingModel.folder, or leave the setting out.',
    { cause },
  );
}
