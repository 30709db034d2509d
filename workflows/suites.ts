import { decodingOf, decodingText, type SuiteSource } from '../benchmarks/benchmark-config.ts';
import type { PreparedSuite } from '../benchmarks/suites/suite-files.ts';
import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { StepPlace } from '../core/place.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { benchmarkIdentity } from './benchmark-identity.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { judgeActivities, mediaActivities, policyActivities } from './stages.ts';

/** A policy of the run, the step that it is of, and what it was measured on already. */
type Subject = Pick<Evaluation, 'step' | 'policy' | 'suites'>;

/** Measures a policy on the published benchmarks that the config names, one after the other. */
export async function evaluateSuites(run: RunState, gate: JudgeGate, subject: Subject): Promise<SuiteEvaluation[]> {
  const results = [];
  for (const source of run.config.benchmark.suites) results.push(await evaluateSuite(run, gate, source, subject));
  return results;
}

/** One published benchmark: its clips captioned by a policy, or captions from a file, scored by its own protocol. */
export async function evaluateSuite(
  run: RunState,
  gate: JudgeGate,
  source: SuiteSource,
  subject?: Subject,
): Promise<SuiteEvaluation> {
  run.stage = source.suite;
  const prepared = await prepare(run, source);
  const benchmark = suiteIdentity(run, source, prepared);
  const known = subject?.suites?.find((result) => result.suite === source.suite && result.benchmark === benchmark);
  if (known) return known;
  const { predictions } = prepared;
  const place = { ...run.place, ...(subject && { step: subject.step }) };
  const policy = (): PolicyRef => subject?.policy ?? run.policy;
  const captions = predictions ? [predictions] : await captionSuite(run, source, prepared, { place, policy: policy() });

  const {
    usage,
    seconds: _,
    ...result
  } = await gate.through(() =>
    judgeActivities.scoreSuite({
      ...place,
      items: prepared.items,
      captions,
      subject: predictions ? source.predictions! : subjectOf(run, policy()),
      quirks: source.quirks,
      ...run.benchmarkJudge,
    }),
  );
  run.spendOnBenchmark(usage);
  return { ...result, step: place.step, benchmark, ...(!predictions && { policy: policy() }) };
}

/** By suite: names what this run measures it with. */
export async function suiteIdentities(run: RunState): Promise<Map<string, string>> {
  const identities = new Map<string, string>();
  for (const source of run.config.benchmark.suites)
    identities.set(source.suite, suiteIdentity(run, source, await prepare(run, source)));
  return identities;
}

async function prepare(run: RunState, source: SuiteSource): Promise<PreparedSuite> {
  return mediaActivities.prepareSuite({ runKey: run.place.runKey, source, judge: run.benchmarkJudge.judge });
}

/** Where the files lie does not matter: their content is in what was prepared. */
function suiteIdentity(run: RunState, source: SuiteSource, prepared: PreparedSuite): string {
  const { annotations, videos, predictions, limit, ...how } = source;
  const { frames, prompt, benchmark, policy, seed } = run.config;
  const { everySteps, metrics, suites, judge, ...captioning } = benchmark;
  const drawn = captioning.temperature > 0 ? seed : undefined;
  const made = { frames, prompt, ...captioning, engine: policy.engine, seed: drawn };
  return benchmarkIdentity({ ...how, ...prepared, ...made, judge: run.benchmarkJudge.judge });
}

/** What a run's start policy is called: another run's checkpoint, or its model. */
function modelOf({ snapshot: { trainedFrom }, config, policy }: RunState): string {
  return trainedFrom ? config.policy.model : policy.model;
}

/** Whose captions these are, and how they were decoded. */
function subjectOf(run: RunState, { step }: PolicyRef): string {
  return `${modelOf(run)}, step ${step}, ${decodingText(decodingOf(run.config.benchmark))}`;
}

/** `dream1k/f1`: how a run's metrics name those of its suites. */
export function suiteMetrics(suites: readonly SuiteEvaluation[]): Record<string, number> {
  return Object.fromEntries(
    suites.flatMap(({ suite, metrics }) => Object.entries(metrics).map(([name, value]) => [`${suite}/${name}`, value])),
  );
}

/** Captions the clips part by part, so that what goes wrong in one does not cost the others. */
async function captionSuite(
  run: RunState,
  { suite }: SuiteSource,
  { manifests }: PreparedSuite,
  { place, policy }: { place: StepPlace; policy: PolicyRef },
): Promise<ArtifactRef[]> {
  const { config } = run;
  const parts: ArtifactRef[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const { clips } = await mediaActivities.extractFrames({
      manifest,
      samples: 'held-out',
      frames: config.frames,
      prompt: config.prompt,
    });
    const { captions } = await policyActivities(config.policy.engine).captionClips({
      ...place,
      policy,
      engine: config.policy.engine,
      clips,
      list: `${suite}-${i + 1}`,
      output: config.prompt.output,
      maxNewTokens: config.benchmark.maxNewTokens,
      decoding: decodingOf(config.benchmark),
      seed: config.seed,
    });
    parts.push(captions);
  }
  return parts;
}
