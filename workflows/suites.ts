import { decodingOf, decodingText, type SuiteSource } from '../benchmarks/benchmark-config.ts';
import type { RunCaptioning, SuiteCaptioning } from '../benchmarks/suites/captioning.ts';
import type { PreparedSuite } from '../benchmarks/suites/suite-files.ts';
import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { StepPlace } from '../core/place.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { promptTexts } from '../policy/prompt-config.ts';
import type { JudgeGate } from './judge-gate.ts';
import { divergedPolicy } from './not-finite.ts';
import type { RunState } from './run-state.ts';
import { judgeActivities, mediaActivities, policyActivities } from './stages.ts';

/** A policy of the run, and the step that it is of. */
type Subject = Pick<Evaluation, 'step' | 'policy'>;

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
  const prepared = await mediaActivities.prepareSuite({
    runKey: run.place.runKey,
    source,
    judge: run.benchmarkJudge.judge,
    ...(!source.predictions && { run: captioningOfRun(run) }),
  });
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
      subject: predictions ? source.predictions! : subjectOf(run, policy(), prepared.captioning),
      quirks: source.quirks,
      ...(source.variants && { variants: source.variants }),
      ...run.benchmarkJudge,
    }),
  );
  run.spendOnBenchmark(usage);
  return { ...result, step: place.step, ...(!predictions && { policy: policy() }) };
}

/** What a run's start policy is called: another run's checkpoint, or its model. */
function modelOf({ snapshot: { trainedFrom }, config, policy }: RunState): string {
  return trainedFrom ? config.policy.model : policy.model;
}

/** Whose captions these are, and how they were decoded. */
function subjectOf(run: RunState, { step }: PolicyRef, { decoding }: Captioning = captioningOfRun(run)): string {
  return `${modelOf(run)}, step ${step}, ${decodingText(decoding)}`;
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
  { suite }: SuiteSource,
  { manifests, captioning }: PreparedSuite,
  { place, policy }: { place: StepPlace; policy: PolicyRef },
): Promise<ArtifactRef[]> {
  const { config } = run;
  // Suites that an older version prepared were captioned as the run's held-out clips are.
  const { frames, maxNewTokens, decoding }: Captioning = captioning ?? captioningOfRun(run);
  const parts: ArtifactRef[] = [];
  for (const [i, manifest] of manifests.entries()) {
    const { clips } = await mediaActivities.extractFrames({
      manifest,
      samples: 'held-out',
      frames,
      prompt: config.prompt,
    });
    const { captions } = await run.divergence.through(
      () =>
        policyActivities(config.policy.engine).captionClips({
          ...place,
          policy,
          engine: config.policy.engine,
          clips,
          list: `${suite}-${i + 1}`,
          output: config.prompt.output,
          maxNewTokens,
          decoding,
          seed: config.seed,
        }),
      (sentence) => divergedPolicy(config, policy.step, sentence),
    );
    parts.push(captions);
  }
  return parts;
}
