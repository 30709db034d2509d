import { decodingOf, decodingText, type SuiteSource } from '../benchmarks/benchmark-config.ts';
import type { RunCaptioning, SuiteCaptioning } from '../benchmarks/suites/captioning.ts';
import type { PreparedSuite } from '../benchmarks/suites/suite-files.ts';
import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { StepPlace } from '../core/place.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { endpointOf, withoutCosts } from '../policy/endpoint-of.ts';
import { promptTexts } from '../policy/prompt-config.ts';
import { benchmarkIdentity } from './benchmark-identity.ts';
import type { JudgeGate } from './judge-gate.ts';
import { benchmarkJudgeVersion } from './judge-version.ts';
import { writtenBy } from './policy-texts.ts';
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
  const benchmark = suiteIdentity(run, source, prepared, await benchmarkJudgeVersion(run, gate));
  const known = subject?.suites?.find((result) => result.suite === source.suite && result.benchmark === benchmark);
  if (known) return known;
  const { predictions } = prepared;
  const place = { ...run.place, ...(subject && { step: subject.step }) };
  const policy = (): PolicyRef => subject?.policy ?? run.policy;
  const captions = predictions
    ? [predictions]
    : await captionSuite(run, gate, source, prepared, { place, policy: policy() });

  const {
    usage: _usage,
    seconds: _seconds,
    ...result
  } = await run.benchmarkInTurn(() =>
    gate.through(() =>
      judgeActivities.scoreSuite({
        ...place,
        items: prepared.items,
        captions,
        subject: predictions ? source.predictions! : subjectOf(run, policy(), prepared.captioning),
        quirks: source.quirks,
        ...(source.variants && { variants: source.variants }),
        ...run.benchmarkJudge,
      }),
    ),
  );
  run.noteBenchmarkJudge(result.judge);
  return { ...result, step: place.step, benchmark, ...(!predictions && { policy: policy() }) };
}

/** By suite: names what this run measures it with. */
export async function suiteIdentities(run: RunState, judgeVersion: string | undefined): Promise<Map<string, string>> {
  const identities = new Map<string, string>();
  for (const source of run.config.benchmark.suites)
    identities.set(source.suite, suiteIdentity(run, source, await prepare(run, source), judgeVersion));
  return identities;
}

async function prepare(run: RunState, source: SuiteSource): Promise<PreparedSuite> {
  return mediaActivities.prepareSuite({
    runKey: run.place.runKey,
    source,
    judge: run.benchmarkJudge.judge,
    ...(!source.predictions && { run: captioningOfRun(run) }),
  });
}

/** Where the files lie does not matter: their content is in what was prepared. */
function suiteIdentity(
  run: RunState,
  source: SuiteSource,
  prepared: PreparedSuite,
  judgeVersion: string | undefined,
): string {
  const { annotations, videos, predictions, limit, ...how } = source;
  const { prompt, policy, seed } = run.config;
  const captioning = prepared.captioning ?? captioningOfRun(run);
  const drawn = captioning.decoding.temperature > 0 ? seed : undefined;
  const made = { captioning, output: prompt.output, engine: withoutCosts(policy.engine), seed: drawn };
  return benchmarkIdentity({ ...how, ...prepared, ...made, judge: run.benchmarkJudge.judge, judgeVersion });
}

/** What a run's start policy is called: another run's checkpoint, or its model. */
function modelOf({ snapshot: { trainedFrom }, config, policy }: RunState): string {
  return trainedFrom ? config.policy.model : policy.model;
}

/** Whose captions these are, and how they were decoded. */
function subjectOf(run: RunState, { step }: PolicyRef, { decoding }: Captioning = captioningOfRun(run)): string {
  const endpoint = endpointOf(run.config.policy.engine);
  const where = endpoint === undefined ? `step ${step}` : `served at ${endpoint}`;
  return `${modelOf(run)}, ${where}, ${decodingText(decoding)}`;
}

type Captioning = Pick<SuiteCaptioning, 'frames' | 'maxNewTokens' | 'decoding'>;

/** How a run captions its held-out clips. */
function captioningOfRun({ config: { prompt, frames, benchmark } }: RunState): RunCaptioning {
  const { maxNewTokens } = benchmark;
  return { prompt: promptTexts(prompt)[0]!, frames, maxNewTokens, decoding: decodingOf(benchmark) };
}

/** `dream1k/f1`: how a run's metrics name those of its suites. */
export function suiteMetrics(suites: readonly SuiteEvaluation[]): Record<string, number> {
  return Object.fromEntries(
    suites.flatMap(({ suite, metrics }) => Object.entries(metrics).map(([name, value]) => [`${suite}/${name}`, value])),
  );
}

/** Captions the clips part by part, so that a failure in one part does not repeat the others. */
async function captionSuite(
  run: RunState,
  gate: JudgeGate,
  { suite }: SuiteSource,
  { manifests, captioning }: PreparedSuite,
  { place, policy }: { place: StepPlace; policy: PolicyRef },
): Promise<ArtifactRef[]> {
  const { config, divergence } = run;
  // Suites that an older version prepared were captioned as the run's held-out clips are.
  const { frames, maxNewTokens, decoding }: Captioning = captioning ?? captioningOfRun(run);
  const parts: ArtifactRef[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const { clips, decodedWith } = await mediaActivities.extractFrames({
      manifest,
      samples: 'held-out',
      frames,
      prompt: config.prompt,
    });
    if (decodedWith) run.noteIdentity('frames', [decodedWith]);
    const written = await writtenBy({ config, policy, divergence, gate, of: 'captioner' }, () =>
      policyActivities(config.policy.engine).captionClips({
        ...place,
        policy,
        ...run.captioning,
        clips,
        list: `${suite}-${i + 1}`,
        output: config.prompt.output,
        maxNewTokens,
        decoding,
        seed: config.seed,
      }),
    );
    const { captions, computedWith, usage } = written;
    run.spendOnCaptions(usage);
    if (computedWith) run.noteIdentity('engine', [computedWith]);
    parts.push(captions);
  }
  return parts;
}
