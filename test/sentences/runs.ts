import { mkdtemp, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { policyFiles } from '../../activities/policy-files.ts';
import { judgesDiffer } from '../../benchmarks/judged-by.ts';
import { noSuchBenchmark, noSuchClip } from '../../cli/run/explain-clip.ts';
import { bestSentence } from '../../contracts/best.ts';
import { findRun, withoutCheckpoint } from '../../contracts/read-progress.ts';
import { endSentence } from '../../contracts/run-end.ts';
import { changeSentence, type MovingPart } from '../../contracts/run-identity.ts';
import { BenchmarkRunInput, TrainingRunInput } from '../../contracts/run-input.ts';
import { SWEEP_EXAMPLE, UNNAMED_CONFIG } from '../../contracts/start-choices.ts';
import { TEMPLATE_RESULT } from '../../contracts/start-template.ts';
import { SweepInput } from '../../contracts/sweep-input.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { differences, type Identity } from '../../core/identity.ts';
import { tooLarge } from '../../core/payload-size.ts';
import { wrongRunId } from '../../core/run-key.ts';
import { temporalTarget } from '../../core/temporal-target.ts';
import { JudgeConfig } from '../../judge/judge-config.ts';
import { createEngine } from '../../policy/engines.ts';
import { requireMemory } from '../../policy/onnx/model/memory.ts';
import { updateOf } from '../../policy/onnx/training/updates.ts';
import { replayDiffers } from '../../policy/torch/replay.ts';
import { asVideocapError, MlflowError } from '../../tracking/mlflow-error.ts';
import { MlflowHttp } from '../../tracking/mlflow-http.ts';
import { logLevel, readSettings } from '../../workers/settings.ts';
import { requireAlive } from '../../workers/worker-deaths.ts';
import { endedEarly, unknownMetric } from '../../workflows/best-checkpoint.ts';
import { ignoredMessage } from '../../workflows/control.ts';
import { parseLimits } from '../../workflows/limits.ts';
import { parseInput } from '../../workflows/parse-input.ts';
import { waitingLines } from '../../workflows/run-details.ts';
import { stoppedFailure } from '../../workflows/stopped-by-user.ts';
import { timedOut } from '../../workflows/timed-out.ts';
import { runWithRecipes } from '../unit/activities/recipe-stage.ts';
import { writeRunTo } from '../unit/activities/written-run.ts';
import type { PinnedSentence } from './sentence.ts';

const newStore = async () => new ArtifactStore(await mkdtemp(join(tmpdir(), 'videocap-store-')));
/** Runs of five steps, whose checkpoints are kept at even steps and the last. */
async function storeWith(...runKeys: string[]) {
  const store = await newStore();
  for (const runKey of runKeys) await writeRunTo(store, runKey, 5);
  return store;
}

/** A stored artifact that has since lost its end. */
async function damaged() {
  const store = await newStore();
  const ref = await store.put('runs/r/a.txt', 'some text');
  await truncate(await store.localCopy(ref), 3);
  return store.read(ref);
}

/** What is said of a part that becomes another one at step 12. */
const changed = (part: MovingPart, before: Identity, after: Identity) =>
  changeSentence(part, 12, differences(before, after));
const judgedAs = (step: number, ...answeredBy: Identity[]) => ({
  step,
  judge: { model: 'm', prompts: [], ...(answeredBy.length > 0 && { answeredBy }) },
});
const FREE = JudgeConfig.parse({ kind: 'llm', model: 'm' });
const mlflow = (status: number, errorCode: string) =>
  asVideocapError(new MlflowError({ status, errorCode, message: 'it said so' }), 'http://mlflow').message;
const best = { step: 1, value: 50, mark: 50, measuredStep: 3 };

/** What runs, their workers, the store, the policy and MLflow say. */
export const RUN_SENTENCES: readonly PinnedSentence[] = [
  [
    'The result of updatePolicy has 1048577 bytes, more than the 1048576 that one payload may have: make the ' +
      'config, its names and its lists shorter. Where they are short, this is a defect; report it with this ' +
      'sentence.',
    () => tooLarge('The result of updatePolicy', 'x'.repeat(2 ** 20 - 1)),
  ],
  [
    `The workflow id "${'x'.repeat(40)}…" has 201 characters, more than 200: names of files are made of it. Start ` +
      'the run with a shorter one.',
    () => wrongRunId('x'.repeat(201)),
  ],
  [
    'Wrong run input: overrides: they have 65555 bytes as JSON, more than 65536; put them into a config file. A ' +
      'right one is {"config": "quickstart"}.',
    () =>
      parseInput(TrainingRunInput, { overrides: { 'policy.model': 'x'.repeat(65_536) } }, '{"config": "quickstart"}'),
  ],
  [
    'Stopped by a user after step 3 of 6, while it could not go on: The key is wrong: set another; the last ' +
      'benchmark is that of step 2',
    () =>
      endSentence({
        how: 'stopped',
        step: 3,
        totalSteps: 6,
        blocked: 'The key is wrong: set another',
        measuredStep: 2,
      }),
  ],
  [
    'A user stopped the run before its first benchmark was complete, while it could not go on: The key is wrong.',
    () => stoppedFailure('its first benchmark', 'The key is wrong.').message,
  ],
  ['A user stopped the run before the benchmark was complete.', () => stoppedFailure('the benchmark').message],
  [
    'Temporal has given up updatePolicy at its time-out SCHEDULE_TO_CLOSE, since a user has changed the options of ' +
      'the activity in Temporal. To continue the run after its last recorded step: videocap resume my-run',
    () => timedOut('updatePolicy', 'SCHEDULE_TO_CLOSE', 'my-run'),
  ],
  [
    'The signal "paws" was ignored: this run knows pause, resume and stop, the update setLimits and the query status.',
    () => ignoredMessage('paws', true),
  ],
  [
    'The signal "pause" was ignored: this run knows resume and stop, the update setLimits and the query status.',
    () => ignoredMessage('pause', false),
  ],
  [
    "Wrong run input: annotations: dream1k needs its authors' annotation file; videos: give a folder of " +
      'videos to caption, or a file of predictions, not both. A right one is {"suite": "held-out"}.',
    () => parseInput(BenchmarkRunInput, { suite: 'dream1k' }, '{"suite": "held-out"}'),
  ],
  [
    'The input is empty. A right one is {"sweep": "short-sweep"}, which takes minutes, or {"sweep": "sft-vs-grpo"}, ' +
      'which takes hours.',
    () => parseInput(SweepInput, {}, SWEEP_EXAMPLE),
  ],
  [
    'The input names no config, so this is **the quickstart**, minutes on two cores. Others ship: sft, bench-api, ' +
      'videocap-r1-qwen2vl-7b, videocap-r1-qwen2vl-7b-lora, videocap-r1-qwen25vl-7b, videocap-r1-qwen3vl-8b; choose ' +
      'one by {"config": "sft"}, and change fields by {"config": "quickstart", "overrides": {"algorithm.steps": 10}}.',
    () => UNNAMED_CONFIG,
  ],
  [
    'A template: it has started nothing. The start form copies its input when it is opened by More Actions, Start ' +
      'Workflow Like This One, or by a link that `videocap up` or `videocap start-forms` prints.',
    () => TEMPLATE_RESULT,
  ],
  [
    'Wrong run input: input: Unrecognized key: "confg". A right one is {"config": "quickstart"}.',
    () => parseInput(TrainingRunInput, { confg: 'x' }, '{"config": "quickstart"}'),
  ],
  [
    'Wrong limits: maxSteps: Too small: expected number to be >=0. Right ones are {"judgeBudgetUsd": 20, ' +
      '"maxSteps": 500}.',
    () => parseLimits({ maxSteps: -1 }),
  ],
  [
    'Wrong limits: judgeBudgetUsd would never be reached, since the run’s judge.price is 0. Set ' +
      'judgeBudgetCalls, or start the run with a price.',
    () => parseLimits({ judgeBudgetUsd: 1 }, { judge: FREE }),
  ],
  [
    'Wrong limits: the run’s config has no benchmark.judge, so its judge pays for benchmarks. Set ' +
      'judgeBudgetUsd or judgeBudgetCalls.',
    () => parseLimits({ benchmarkJudgeBudgetUsd: 1 }, { judge: FREE }),
  ],
  [
    'Wrong limits: benchmarkJudgeBudgetUsd would never be reached, since the run’s benchmark.judge.price is ' +
      '0. Set benchmarkJudgeBudgetCalls, or start the run with a price.',
    () => parseLimits({ benchmarkJudgeBudgetUsd: 1 }, { judge: FREE, ownBenchmarkJudge: FREE }),
  ],
  [
    '**Paused** after the current step. Send `resume` to continue.',
    () => waitingLines({ paused: true, blocked: undefined })[0],
  ],
  [
    '**Paused: judge.** Set JUDGE_KEY. Then send `resume`.',
    () => waitingLines({ paused: false, blocked: 'Set JUDGE_KEY.' })[0],
  ],
  [
    'eventF1 has not risen above 50 by more than 0.5 in the last 2 evaluations (checkpoints.best.patience)',
    () => endedEarly({ ...best, waited: 2 }, { metric: 'eventF1', mode: 'max', minDelta: 0.5, patience: 2 }),
  ],
  [
    'eventF1 has not fallen below 50 in the last evaluation (checkpoints.best.patience)',
    () => endedEarly({ ...best, waited: 1 }, { metric: 'eventF1', mode: 'min', minDelta: 0, patience: 1 }),
  ],
  [
    'checkpoints.best.metric is "evntF1", which the held-out benchmark does not measure; set one of eventF1, ' +
      'clips.',
    () =>
      unknownMetric({ step: 0, metrics: { eventF1: 50, clips: 3 } }, { metric: 'evntF1', mode: 'max', minDelta: 0 }),
  ],
  [
    'InvalidInput: Run a-run has no checkpoint at step 3; it has them at 0, 2, 4, 5 (checkpoints.keepEvery ' +
      'says which are kept).',
    () =>
      storeWith('a-run')
        .then((store) => withoutCheckpoint(store, { run: 'a-run', step: 3 }, ({ policy }) => [policy.weights]))
        .then((error) => `${error.code}: ${error.message}`),
  ],
  [
    'InvalidInput: There are several runs "sft"; name one of sft-00000000, sft-ffffffff.',
    () => storeWith('sft-00000000', 'sft-ffffffff').then((store) => findRun(store, 'sft')),
  ],
  [
    'Run sft-1 has no benchmark after step 7; it has them after 0, 4.',
    () => noSuchBenchmark('sft-1', 7, [{ step: 0 }, { step: 4 }]).message,
  ],
  ['Run sft-1 has no benchmark yet.', () => noSuchBenchmark('sft-1', undefined, []).message],
  [
    'Run sft-1 has no held-out clip "a"; it has 2, such as b, c.',
    () => noSuchClip('sft-1', 'a', [{ sampleId: 'b' }, { sampleId: 'c' }]).message,
  ],
  [
    'InvalidInput: There is no run "a-run" in the store; videocap status lists runs.',
    () => newStore().then((store) => findRun(store, 'a-run')),
  ],
  [
    'CorruptArtifact: Artifact store:runs/r/a.b94f6f125c79.txt is damaged, it does not hash to ' +
      'b94f6f125c79e3a5ffaa826f584c10d52ada669e6762051b826b55776d05aed2; restore it, or have it made again: ' +
      'videocap resume <run>.',
    () => damaged(),
  ],
  [
    'CorruptArtifact: Artifact store:runs/r/gone is gone from the store; restore it, or have it made again: ' +
      'videocap resume <run>.',
    () => newStore().then((store) => store.read({ uri: 'store:runs/r/gone', sha256: 'f'.repeat(64), bytes: 1 })),
  ],
  [
    'InvalidInput: Artifact key "../outside" points outside the store; use a relative key.',
    () => newStore().then((store) => store.put('../outside', 'x')),
  ],
  [
    'ArtifactConflict: Artifact a is already stored with sha256 ' +
      '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed, and was offered again with ' +
      '3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3.',
    () =>
      storeWith().then(async (store) => {
        await store.put('a', 'one');
        await store.put('a', 'two');
      }),
  ],
  [
    'InvalidConfig: policy.engine.kind: "stub" is served by a program of its own and has no driver here; set onnx or ' +
      'torch.',
    () => createEngine('stub' as 'onnx'),
  ],
  [
    'From step 12 on the policy engine is another one (threads 2 -> 4, cuda none -> 12.4): bits of completions, ' +
      'captions and weights that are computed from here on may differ',
    () => changed('engine', { threads: '2' }, { threads: '4', cuda: '12.4' }),
  ],
  [
    'From step 12 on the decoder of frames is another one (ffmpeg 5.1.6 -> 7.1): frames that are stored stay as they ' +
      'are, and bits of those that are not extracted yet may differ',
    () => changed('frames', { ffmpeg: '5.1.6' }, { ffmpeg: '7.1' }),
  ],
  [
    'From step 12 on the sentence-embedding model is another one (onnxruntime 1.29.0 -> 1.30.0): think scores and ' +
      'embedding similarities before and after it may not be comparable',
    () => changed('embedding', { onnxruntime: '1.29.0' }, { onnxruntime: '1.30.0' }),
  ],
  [
    'From step 12 on the judge is another one (fingerprint fp_a -> fp_b): scores before and after it may not be ' +
      'comparable',
    () => changed('judge', { model: 'm', fingerprint: 'fp_a' }, { model: 'm', fingerprint: 'fp_b' }),
  ],
  [
    'From step 12 on the judge of benchmarks is another one (model a -> b): benchmarks before and after it may not ' +
      'be comparable',
    () => changed('benchmark.judge', { model: 'a' }, { model: 'b' }),
  ],
  [
    'Step 0 was judged by model a, and step 40 by model b: a part of their difference may come from the judge; ' +
      '`videocap bench` measures both with one version',
    () => judgesDiffer([judgedAs(0, { model: 'a' }), judgedAs(20), judgedAs(40, { model: 'b' })]),
  ],
  ['step 20, eventF1 61.25', () => bestSentence({ step: 20, metric: 'eventF1', value: 61.25 })],
  [
    'WorkerDied: The worker has died 3 times in a row in updatePolicy of step 7, at "gradients", 2 of 4, with sample ' +
      "cap-17. A system ends a process that takes too much memory: look into the system's log. Give the worker more " +
      'memory, or make the work smaller, such as by shorter texts, fewer frames or smaller groups.',
    () =>
      requireAlive(
        { count: 3, row: 3, at: { what: 'gradients', done: 2, total: 4, on: 'sample cap-17' }, alone: true },
        { name: 'updatePolicy', input: { step: 7 } },
      ),
  ],
  [
    'InvalidInput: Step 2 of run r has a recipe in place of a checkpoint\'s files, which only the engine "onnx" can ' +
      'follow; go on from step 0, whose checkpoint has files.',
    async () => {
      const { store, engine, policies } = await runWithRecipes(2);
      const { rebuild: _, ...other } = engine;
      return policyFiles({ store, engine: other as typeof engine }, policies[2]!);
    },
  ],
  [
    'ReplayDiffers: Step 12 of run r, made again from its recipe, ends in weights and moments that hash to ' +
      'aaaaaaaaaaaa, but they hashed to bbbbbbbbbbbb when it was made first. Run the worker with the GPU, the ranks ' +
      'and the packages that it had then, and with the checkpoint of step 10 as it was; or fork the run from there: ' +
      'videocap fork r --at-step 10',
    () => {
      throw replayDiffers({ runKey: 'r', step: 12, digest: 'b'.repeat(64) }, { digest: 'a'.repeat(64) }, 10);
    },
  ],
  [
    'WorkerDied: The worker has died 4 times in a row in extractFrames, before its first report. A system ends a ' +
      "process that takes too much memory: look into the system's log. Give the worker more memory, or make the work " +
      'smaller, such as by shorter texts, fewer frames or smaller groups.',
    () => requireAlive({ count: 4, row: 4, alone: true }, { name: 'extractFrames', input: {} }),
  ],
  [
    'InvalidInput: The update with sample a needs about 130 GB of memory, and the machine has 25 GB: its prompt has ' +
      '50 tokens with the video, and its longest text 20001. Shorten the text (dataset.maxReferenceTokens, ' +
      'sampling.maxNewTokens), show fewer or smaller frames (frames), or use a machine with more memory.',
    () =>
      requireMemory(1.3e11, 2.5e10, 'The update with sample a', {
        ...{ videos: 1, completions: 1, length: 20_001, prompt: 50 },
        grid: { slices: 1, rows: 4, columns: 4 },
      }),
  ],
  [
    'InvalidInput: The onnx engine has no loss "ppo"; use an algorithm with one of grpo, gspo, sft.',
    () => updateOf('ppo', { learnsFrom: 'completions' } as Parameters<typeof updateOf>[1]),
  ],
  [
    'InvalidInput: Loss grpo learns from completions, but the batch has references; send it completions.',
    () => updateOf('grpo', { learnsFrom: 'references' } as Parameters<typeof updateOf>[1]),
  ],
  [
    'MLflow at http://mlflow refuses the credentials (401); set MLFLOW_TRACKING_TOKEN, or ' +
      'MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
    () => mlflow(401, 'HTTP_401'),
  ],
  [
    'The server at http://mlflow is no MLflow server (it said so); set MLFLOW_TRACKING_URI.',
    () => mlflow(200, 'NOT_MLFLOW'),
  ],
  [
    'MLflow at http://mlflow is away (it said so); its records wait until it is back.',
    () => mlflow(503, 'TEMPORARILY_UNAVAILABLE'),
  ],
  [
    'MLflow at http://mlflow refused: INVALID_PARAMETER_VALUE: it said so',
    () => mlflow(400, 'INVALID_PARAMETER_VALUE'),
  ],
  [
    'InvalidConfig: MLFLOW_TRACKING_URI is "mlflow://***@host"; it must be the http:// or https:// address of ' +
      'an MLflow server.',
    () => new MlflowHttp({ url: 'mlflow://me:hidden@host' }),
  ],
  [
    'InvalidConfig: TEMPORAL_API_KEY holds a line break, or a character that no request can carry; correct it.',
    () => temporalTarget({ TEMPORAL_API_KEY: 'hidden\nkey' }),
  ],
  [
    'InvalidConfig: LOG_LEVEL is "verbose"; set it to one of trace, debug, info, warn, error, fatal, silent.',
    () => logLevel({ LOG_LEVEL: 'verbose' }),
  ],
  [
    'InvalidConfig: VIDEOCAP_JUDGE_WORKERS is "many"; set it to a number of workers, such as 2.',
    () => readSettings({ VIDEOCAP_JUDGE_WORKERS: 'many' }),
  ],
  [
    'InvalidConfig: MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING is "no"; set it to true or false.',
    () => readSettings({ MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'no' }),
  ],
  [
    'InvalidConfig: VIDEOCAP_STUCK_SECONDS is "soon"; set it to a number of seconds, such as 600.',
    () => readSettings({ VIDEOCAP_STUCK_SECONDS: 'soon' }),
  ],
];
