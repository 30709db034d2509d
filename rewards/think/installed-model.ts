import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';

/** `<home>/models/bge-small-en`: where the set-up puts the two files. */
export function embeddingModelFolder(home: string): string {
  return join(home, 'models', EMBEDDING_MODEL.name);
}

/**
 * The bytes of one of the model's files, once they hash to what is pinned above.
 * @throws VideocapError `MissingTool` when the file is not there, `CorruptArtifact` when it is another one.
 */
export function readInstalledFile(folder: string, name: (typeof EMBEDDING_MODEL.files)[number]['name']): Buffer {
  const path = join(folder, name);
  const expected = EMBEDDING_MODEL.files.find((file) => file.name === name)!;
  const bytes = readIfThere(path);
  if (bytes === undefined)
    throw new VideocapError(
      'MissingTool',
      `The sentence-embedding model is not installed: ${path} is missing. Run \`npx videocap setup ` +
        '--worker` on this host, which fetches it, or set reward.think.similarity to token-f1, which needs no model, ' +
        'and leave out the metric embedding.',
    );
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found !== expected.sha256)
    throw new VideocapError(
      'CorruptArtifact',
      `${path} is not the file it should be: its sha256 is ${found}, expected ${expected.sha256}. Remove it and ` +
        'run the set-up again.',
    );
  return bytes;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
