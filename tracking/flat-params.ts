import type { ExperimentConfig } from '../configs/schema.ts';
import type { Param } from './mlflow-client.ts';

/**
 * A config as MLflow params: one a leaf, by its dotted path (`grpo.optimizer.learningRate`), lists as JSON. What the
 * chosen method does not use is left out, so that comparing two runs shows what matters.
 */
export function flatParams({ grpo, sft, ...config }: ExperimentConfig): Param[] {
  const used = config.method === 'grpo' ? { grpo } : { sft };
  return leaves('', { ...config, ...used });
}

function leaves(path: string, value: unknown): Param[] {
  if (value === undefined) return [];
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    return [{ key: path, value: typeof value === 'string' ? value : JSON.stringify(value) }];
  return Object.entries(value).flatMap(([name, inner]) => leaves(path ? `${path}.${name}` : name, inner));
}
