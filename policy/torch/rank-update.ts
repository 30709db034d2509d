import type { UpdateRequest } from '../../core/policy-engine.ts';
import { learningRateAt } from '../learning-rate.ts';
import type { PolicyTokenizer } from '../model/tokenizer.ts';
import { type LearntGroup, lossSettings, referenceGroups, sampledGroups } from './learnt-batch.ts';
import { writeShown } from './shown-files.ts';
import { TorchConfig } from './torch-config.ts';

/** What the ranks' message `update` has besides the policies, and what the driver adds to its metrics. */
export interface RankUpdate {
  params: object;
  metrics: Record<string, number>;
}

/** @param folder for frames. Throws as `lossSettings`. */
export async function rankUpdate(
  request: Pick<UpdateRequest, 'engine' | 'step' | 'loss' | 'algorithm' | 'batch' | 'folder'>,
  folder: string,
  { tokenizer, suppressed }: { tokenizer: PolicyTokenizer; suppressed: readonly number[] },
): Promise<RankUpdate> {
  const { step, loss, algorithm, batch, engine } = request;
  const { rollout } = TorchConfig.parse(engine);
  const importanceCap = rollout.kind === 'vllm' ? rollout.importanceCap : undefined;
  const { scalars, iterations, ratiosToRecorded, optimizer } = lossSettings(request);
  const learnt: LearntGroup[] =
    batch.learnsFrom === 'completions'
      ? sampledGroups(batch, algorithm)
      : referenceGroups(batch, (text) => tokenizer.completion(text));
  const groups = await Promise.all(
    learnt.map(async ({ completions, ...shown }, i) => ({
      ...(await writeShown(folder, i, shown, tokenizer)),
      completions,
    })),
  );
  const { steps } = algorithm as unknown as { steps: number };
  const learningRate = learningRateAt(step, steps, optimizer);
  const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = optimizer;
  return {
    params: {
      ...{ groups, loss, scalars, iterations, ratiosToRecorded, suppressed, folder: request.folder },
      temperature: batch.learnsFrom === 'completions' ? batch.temperature : 1,
      ...(importanceCap !== undefined && batch.learnsFrom === 'completions' && { importanceCap }),
      adamw: { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm },
    },
    metrics: {
      ...{ learningRate, updates: groups.length > 0 ? iterations : 0 },
      ...(batch.learnsFrom === 'completions' && { excludedCompletions: excluded(batch.groups) }),
    },
  };
}

function excluded(groups: readonly { completions: readonly { advantage: number | null }[] }[]): number {
  return groups.flatMap(({ completions }) => completions).filter(({ advantage }) => advantage === null).length;
}
