import { parse } from 'node:path';
import type { z } from 'zod';
import { PrepareDatasetInput, PrepareDatasetOutput } from '../contracts/dataset.ts';
import { sha256 } from '../core/artifact-store.ts';
import { referenceText } from '../core/reference-text.ts';
import { DatasetManifest, type ReferenceField, type Sample } from '../core/sample.ts';
import { keyOf } from '../core/store-layout.ts';
import { type DatasetConfig, trainFiles } from '../datasets/dataset-config.ts';
import { type OwnDataOptions, readOwnData } from '../datasets/own-data.ts';
import { makeShapesSplit } from '../datasets/shapes/shapes.ts';
import { requireContext, type TokenLimits } from '../datasets/token-limits.ts';
import { lengthsOf } from '../policy/engines.ts';
import { promptTexts } from '../policy/prompt-config.ts';
import type { ActivityDeps } from './activity-deps.ts';

type DatasetDeps = Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'parallel'>;

type CountingPolicy = NonNullable<z.infer<typeof PrepareDatasetInput>['policy']>;
type Splits = Omit<DatasetManifest, 'name' | 'digest'>;

/**
 * Makes or checks the dataset of a run and fixes it in a manifest: what the run trains and is measured on never changes
 * after this, whatever happens to the files it came from. The small world depends on `dataset.seed` only, not on the
 * run's `seed`, so that runs with different seeds are measured on the same videos.
 */
export function createDatasetActivities(deps: DatasetDeps) {
  const { store } = deps;
  return {
    async prepareDataset(rawInput: z.input<typeof PrepareDatasetInput>): Promise<z.infer<typeof PrepareDatasetOutput>> {
      const { runKey, dataset, frames, needs, policy } = PrepareDatasetInput.parse(rawInput);
      return store.onceJson(keyOf('dataset', { runKey }), PrepareDatasetOutput, async () => {
        const limits = policy && limitsOf(policy, dataset);
        if (limits) requireContext(limits);
        const splits =
          dataset.kind === 'shapes'
            ? await makeShapes({ ...dataset, fields: needs.map(({ field }) => field) }, deps)
            : await readOwn({ ...dataset, frames, needs, limits }, deps);
        const name =
          dataset.kind === 'shapes' ? `shapes-${dataset.references}-${dataset.seed}` : namesOf(dataset.train).join('+');
        const digest = digestOf(splits);
        const manifest = DatasetManifest.parse({ name, digest, ...splits });
        const text = `${JSON.stringify(manifest)}\n`;
        return {
          manifest: await store.put(keyOf('manifest', { hash: sha256(text) }), text),
          digest,
          train: manifest.train.length,
          heldOut: manifest.heldOut.length,
          quarantined: manifest.quarantined.length,
        };
      });
    },
  };
}

/** What the data set's texts must fit into; `undefined` where only the engine itself can count tokens. */
function limitsOf(policy: CountingPolicy, dataset: DatasetConfig): TokenLimits | undefined {
  const { model, engine, prompt, learnsFrom, maxNewTokens } = policy;
  const lengths = lengthsOf(engine.kind, model);
  const learns = learnsFrom === 'references';
  const of = (section: keyof typeof maxNewTokens) => ({
    field: `${section}.maxNewTokens`,
    tokens: maxNewTokens[section],
  });
  return (
    lengths && {
      lengths,
      prompts: promptTexts(prompt),
      ...(learns && { reference: (sample) => referenceText(sample, prompt.output) }),
      maxReferenceTokens: dataset.kind === 'jsonl' ? dataset.maxReferenceTokens : Number.POSITIVE_INFINITY,
      completions: { ...(!learns && { train: of('sampling') }), heldOut: of('benchmark') },
    }
  );
}

/** The same samples have the same digest wherever their files lie. */
function digestOf({ train, heldOut, quarantined, sources }: Splits): string {
  const content = ({ video, ...rest }: Sample) => [rest, 'artifact' in video ? video.artifact.sha256 : video.sha256];
  const setAside = quarantined.map(({ id }) => id);
  const mixed = sources?.map(({ weight, samples }) => [weight, samples]);
  return sha256(JSON.stringify([train.map(content), heldOut.map(content), setAside, ...(mixed ? [mixed] : [])]));
}

async function makeShapes(
  options: Extract<DatasetConfig, { kind: 'shapes' }> & { fields: readonly ReferenceField[] },
  { store, onProgress, signal, parallel }: DatasetDeps,
): Promise<Splits> {
  const { trainSamples, heldOutSamples, references, seed, fields } = options;
  const total = trainSamples + heldOutSamples;
  const split = (name: 'train' | 'held-out', count: number, before: number) =>
    makeShapesSplit(
      { split: name, seed, count, references, fields },
      {
        store,
        onVideo: (done) => onProgress?.({ done: before + done, total, what: 'videos made' }),
        signal: signal?.(),
        ...(parallel && { parallel }),
      },
    );
  const train = await split('train', trainSamples, 0);
  const heldOut = await split('held-out', heldOutSamples, trainSamples);
  return { train, heldOut, quarantined: [] };
}

type OwnData = Extract<DatasetConfig, { kind: 'jsonl' }>;

async function readOwn(
  options: OwnData & Pick<OwnDataOptions, 'frames' | 'needs' | 'limits'>,
  { store, onProgress, signal, parallel }: DatasetDeps,
): Promise<Splits> {
  const files = trainFiles(options.train);
  const train = files.map(({ path }) => path);
  const { trainCounts, ...splits } = await readOwnData(
    { ...options, train },
    {
      store,
      onVideo: (done, total) => onProgress?.({ done, total, what: 'videos checked' }),
      signal: signal?.(),
      ...(parallel && { parallel }),
    },
  );
  if (files.length === 1) return splits;
  const names = namesOf(options.train);
  const sources = files.map(({ weight }, i) => ({ name: names[i]!, weight, samples: trainCounts[i]! }));
  return { ...splits, sources };
}

/** The names of training files; equal names get a number. */
function namesOf(train: OwnData['train']): string[] {
  const names = new Set<string>();
  for (const { path } of trainFiles(train)) {
    const { name } = parse(path);
    let unique = name;
    for (let i = 2; names.has(unique); i++) unique = `${name}-${i}`;
    names.add(unique);
  }
  return [...names];
}
