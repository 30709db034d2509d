import type { ExperimentConfig } from '../configs/schema.ts';
import type { Param } from './mlflow-client.ts';

/** A config as MLflow params: one a leaf, by its dotted path (`algorithm.optimizer.learningRate`), lists as JSON. */
export function flatParams(config: ExperimentConfig): Param[] {
  return leaves('', config);
}

function leaves(path: string, value: unknown): Param[] {
  if (value === undefined) return [];
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [{ key: path, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  return Object.entries(value).flatMap(([name, inner]) => leaves(path ? `${path}.${name}` : name, inner));
}
