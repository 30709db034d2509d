import type { Evaluation } from '../contracts/run-results.ts';
import type { LoggedModel, MlflowClient, MlflowRun, Tag } from './mlflow-client.ts';

/** Of a run with more benchmarks: the first, the exported one, and the last. */
const MOST_MODELS = 20;

/** A checkpoint that was measured. */
interface Checkpoint {
  /** `step-000040`, its name in MLflow. */
  name: string;
  step: number;
  type: string;
  tags: Tag[];
}

/**
 * The checkpoints of a run that MLflow lists as logged models. Their weights stay in the artifact store; tags say how
 * to name the checkpoint to `videocap`, and which weights it has.
 */
export function checkpointsOf(
  runKey: string,
  evaluations: readonly Evaluation[],
  exported: Evaluation | undefined,
): Checkpoint[] {
  const last = evaluations.slice(-(MOST_MODELS - 2));
  return evaluations
    .filter((each, i) => i === 0 || each === exported || last.includes(each))
    .map(({ step, policy, metrics }) => ({
      name: modelName(step),
      step,
      type: policy.model,
      tags: [
        { key: 'videocap.checkpoint', value: `run:${runKey}@${step}` },
        { key: 'videocap.weights', value: policy.weights.sha256 },
        ...Object.entries(metrics)
          .filter(([name]) => name.endsWith('F1'))
          .map(([name, value]) => ({ key: `eval.${name}`, value: value.toFixed(1) })),
      ],
    }));
}

/**
 * Lists checkpoints as logged models and as outputs of their run. Those that are there stay, so a repetition adds
 * none; of two that were made at the same moment, the one with the lower id stays.
 */
export async function logCheckpoints(
  client: MlflowClient,
  run: MlflowRun,
  checkpoints: readonly Checkpoint[],
): Promise<LoggedModel[]> {
  const before = await client.loggedModels(run);
  const missing = checkpoints.filter(({ name }) => !before.some((model) => model.name === name));
  for (const checkpoint of missing) await client.createLoggedModel(run, checkpoint);
  const all = missing.length > 0 ? await client.loggedModels(run) : before;
  const first = (name: string) => all.filter((model) => model.name === name).sort((a, b) => (a.id < b.id ? -1 : 1));
  const logged: LoggedModel[] = [];
  const outputs: { id: string; step: number }[] = [];
  for (const { name, step } of checkpoints) {
    const [model, ...doubles] = first(name);
    if (!model) continue; // a user deleted it meanwhile
    for (const { id } of doubles) await client.deleteLoggedModel(id);
    if (!model.ready) await client.finishLoggedModel(model.id);
    if (!run.models.includes(model.id)) outputs.push({ id: model.id, step });
    logged.push(model);
  }
  if (outputs.length > 0) await client.logOutputs(run.runId, outputs);
  return logged;
}

/**
 * Registers a run's exported checkpoint, the best one where the config asks for it, as a version of its experiment's
 * model, and gives it the run's alias: `models:/videocap-quickstart@best-<run key>`.
 */
export async function registerBest(
  client: MlflowClient,
  run: MlflowRun,
  { experiment, runKey, model }: { experiment: string; runKey: string; model: LoggedModel },
): Promise<void> {
  const name = registeredName(experiment);
  await client.registerModel(name);
  const versions = await client.modelVersions(name, run.runId);
  const known = versions.find(({ source }) => source === `models:/${model.id}`)?.version;
  const version = known ?? (await client.createModelVersion(name, run.runId, model.id));
  await client.setAlias(name, bestAlias(runKey), version);
}

/** MLflow's names of registered models have no `/`, `:` and quotes. */
export function registeredName(experiment: string): string {
  return experiment.replaceAll(/[^\w.-]/g, '-');
}

/** Aliases are made of letters, digits, `_` and `-`. */
export function bestAlias(runKey: string): string {
  return `best-${runKey}`.replaceAll(/[^\w-]/g, '-').slice(0, 250);
}

export function modelName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}
