/**
 * Every key of the artifact store, by kind of artifact: what a key is made of, and what can be read back from it. A
 * stage asks `keyOf` for the key that it writes to; `videocap gc` asks `parseKey` what a stored artifact is.
 *
 * `{runKey}` and the other names in braces are parts of a key. Numbers are padded with zeros, so that keys sort by
 * them.
 */
const TEMPLATES = {
  // A run.
  dataset: 'runs/{runKey}/dataset.json',
  started: 'runs/{runKey}/started.json',
  start: 'runs/{runKey}/start.json',
  startPolicy: 'runs/{runKey}/load-policy.json',
  trackingRun: 'runs/{runKey}/mlflow-run.json',
  record: 'runs/{runKey}/records/step-{step}.json',
  progress: 'runs/{runKey}/progress/step-{step}.json',
  checkpointWeights: 'runs/{runKey}/checkpoints/step-{step}/model.safetensors',
  checkpointOptimizer: 'runs/{runKey}/checkpoints/step-{step}/optimizer.safetensors',
  // In place of both: how to make a checkpoint again that was not written (`contracts/recipe.ts`).
  recipe: 'runs/{runKey}/checkpoints/step-{step}/recipe.json',
  // `{hash}` of what it shows: a run that is reset in Temporal may end at another step.
  report: 'runs/{runKey}/report-{hash}.html',
  // Questions that the judge's server, not the model, has left without an answer.
  judgeOutcome: 'runs/{runKey}/judge-outcomes/{hash}.json',

  // The completions of a step: see `Place`.
  rolloutOutput: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/rollout-groups.json',
  rollout: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/rollout.json',
  rolloutSlice: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/rollout-from-{from}.json',
  localScores: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/local-scores.json',
  judgedScores: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/judged-scores.json',
  verdicts: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/verdicts.json',
  customScores: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/custom-scores.json',
  // `{by}`: `local`, `judge` or `custom`.
  componentScores: 'runs/{runKey}/step-{step}/round-{round}/part-{part}/scores-{by}.json',
  // `{hash}` of the request; those of a step's benchmark are among them.
  customAnswers: 'runs/{runKey}/step-{step}/custom-rewards/{reward}/{hash}.json',
  // After a step's rounds up to this one.
  comparison: 'runs/{runKey}/step-{step}/round-{round}/comparison.json',
  scoredRollouts: 'runs/{runKey}/step-{step}/scored-rollouts.json',
  update: 'runs/{runKey}/step-{step}/update.json',

  // Benchmarks of the policy after a step. `{list}` names a list of clips: `held-out`, `dream1k-2`.
  captionsOutput: 'runs/{runKey}/step-{step}/captions/{list}/caption-clips.json',
  captions: 'runs/{runKey}/step-{step}/captions/{list}/captions.json',
  captionsSlice: 'runs/{runKey}/step-{step}/captions/{list}/captions-from-{from}.json',
  heldOutScores: 'runs/{runKey}/step-{step}/benchmarks/held-out/scores.json',
  heldOutDetails: 'runs/{runKey}/step-{step}/benchmarks/held-out/details.json',
  suite: 'runs/{runKey}/suites/{suite}.json',
  suiteScores: 'runs/{runKey}/step-{step}/benchmarks/{suite}/suite-scores.json',
  suiteResult: 'runs/{runKey}/step-{step}/benchmarks/{suite}/result.json',
  suiteReport: 'runs/{runKey}/step-{step}/benchmarks/{suite}/report.md',
  suiteDrillDown: 'runs/{runKey}/step-{step}/benchmarks/{suite}/items.md',

  // A sweep. `{hash}` of what it compares.
  sweepTable: 'runs/{runKey}/sweep-table-{hash}.json',
  sweepReport: 'runs/{runKey}/sweep-table-{hash}.md',
  sweepPage: 'runs/{runKey}/sweep-{hash}.html',

  // An annotation of a data set.
  captionFile: 'runs/{runKey}/caption-file.json',
  captionSamples: 'runs/{runKey}/caption-samples.json',
  annotatedBatch: 'runs/{runKey}/annotation-{batch}/annotated.json',
  batchAnnotations: 'runs/{runKey}/annotation-{batch}/annotations.json',

  // What runs share, found by what determines it.
  manifest: 'data/manifests/{hash}.json',
  documentFrequencies: 'data/document-frequencies/{hash}.json',
  suiteItems: 'data/suites/{hash}.json',
  // What a start policy writes about a list of clips: every run that starts from it is measured by that first.
  startCaptions: 'data/start-captions/{hash}.json',
  shapesVideo: 'data/shapes/{world}/{sample}.mp4',
  checkedVideo: 'data/checked/{hash}.json',
  clip: 'clips/{hash}.clip',
  clipList: 'clips/lists/{hash}.json',
  identity: 'data/identities/{hash}.json',
  // The weights, or a manifest of large ones that stay in the model's folder.
  startWeights: 'policies/{hash}/model.safetensors',
  // In place of weights: which model of which endpoint writes captions.
  endpointModel: 'policies/{hash}/endpoint.json',
  ledgerEntry: 'ledger/{hash}.json',
} as const;

/**
 * The prefix of claims, which are no artifacts (`core/fence.ts`):
 * `fences/attempts/<execution>/<activity>/<time>-<number>-<id>`, `fences/runs/<runKey>/<number>-<execution>`.
 */
export const FENCES = 'fences/';

/**
 * The prefix of intents to ask the judge, which are no artifacts (`judge/ledger/intents.ts`):
 * `ledger/asking/<hash of the question>.<number>`.
 */
export const ASKING = 'ledger/asking/';

/**
 * The prefix of what the ledger knows of a judge's versions, which are no artifacts (`judge/ledger/judge-versions.ts`):
 * `ledger/versions/<hash of the judge's settings>.<number>`.
 */
export const VERSIONS = 'ledger/versions/';

/**
 * The prefix of the version of a judge that a run keeps to, which is no artifact either:
 * `ledger/pins/<runKey>/<hash of the judge's settings>`.
 */
export const PINS = 'ledger/pins/';

export type ArtifactKind = keyof typeof TEMPLATES;

/** Digits of the numbers in a key. */
const DIGITS = { step: 6, round: 2, part: 2, from: 6, batch: 4 } as const;

type NamesIn<T extends string> = T extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** The parts of a key, by name. */
export type KeyParts<K extends ArtifactKind> = {
  [Name in NamesIn<(typeof TEMPLATES)[K]>]: Name extends keyof typeof DIGITS ? number : string;
};

/** What `parseKey` reads from a key; one member a kind, so that a `switch` over `kind` can be exhaustive. */
export type ParsedKey = { [K in ArtifactKind]: { kind: K; parts: KeyParts<K> } }[ArtifactKind];

/** The key of an artifact. Parts that the kind's template does not name are ignored: a whole `Place` can be given. */
export function keyOf<K extends ArtifactKind>(kind: K, parts: KeyParts<K>): string {
  const values: Readonly<Record<string, string | number>> = parts;
  return TEMPLATES[kind].replaceAll(/\{(\w+)\}/g, (_, name: string) => text(name, values[name]!));
}

/** What a key names, or `undefined` for one that no template makes. */
export function parseKey(key: string): ParsedKey | undefined {
  for (const { kind, pattern } of PATTERNS) {
    const groups = pattern.exec(key)?.groups;
    if (!groups) continue;
    const parts = Object.entries(groups).map(([name, value]) => [name, isNumber(name) ? Number(value) : value]);
    return { kind, parts: Object.fromEntries(parts) } as ParsedKey;
  }
  return undefined;
}

/**
 * The keys of artifacts that, once all of them are there, stand for what another's content refers to: the files of a
 * checkpoint that were stored after its recipe. None for most artifacts.
 */
export function standInsOf(key: string): string[] {
  const parsed = parseKey(key);
  if (parsed?.kind !== 'recipe') return [];
  return [keyOf('checkpointWeights', parsed.parts), keyOf('checkpointOptimizer', parsed.parts)];
}

const PATTERNS = (Object.keys(TEMPLATES) as ArtifactKind[]).map((kind) => ({ kind, pattern: patternOf(kind) }));

function patternOf(kind: ArtifactKind): RegExp {
  const escaped = TEMPLATES[kind].replaceAll('.', '\\.');
  const pattern = escaped.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    isNumber(name) ? `(?<${name}>\\d{${DIGITS[name]},})` : `(?<${name}>[^/]+)`,
  );
  return new RegExp(`^${pattern}$`);
}

function text(name: string, value: string | number): string {
  return isNumber(name) ? String(value).padStart(DIGITS[name], '0') : String(value);
}

function isNumber(name: string): name is keyof typeof DIGITS {
  return Object.hasOwn(DIGITS, name);
}
