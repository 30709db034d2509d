import { stringify } from 'yaml';
import { z } from 'zod';
import { HeldOutDetails } from '../benchmarks/held-out.ts';
import { REPORT_PATH, runsPage } from '../contracts/mlflow-pages.ts';
import { readRecords } from '../contracts/read-records.ts';
import { baseAndTrained, type Evaluation, type StepRecord } from '../contracts/run-results.ts';
import { FinishTrackingInput, MirrorRecordsInput, StartTrackingInput, Tracking } from '../contracts/tracking.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { CaptionedClip } from '../core/completion.ts';
import { unlessDamaged } from '../core/errors.ts';
import { jsonBytes } from '../core/json-in-parts.ts';
import { readManifest } from '../core/manifest.ts';
import type { DatasetManifest } from '../core/sample.ts';
import { keyOf } from '../core/store-layout.ts';
import { checkpointsOf, logCheckpoints, modelName, registerBest } from '../tracking/checkpoint-models.ts';
import { completionsTable, tabledSteps } from '../tracking/completions-table.ts';
import { datasetInputs } from '../tracking/dataset-inputs.ts';
import { type EvaluationContent, evaluationTable } from '../tracking/evaluation-table.ts';
import { findOrCreateRun, reopen } from '../tracking/find-or-create-run.ts';
import { flatParams } from '../tracking/flat-params.ts';
import { gitCommit } from '../tracking/git-commit.ts';
import { logBatches, metricPoints } from '../tracking/log-batches.ts';
import { COMPLETIONS_TABLE_PATH, EVALUATION_TABLE_PATH, rolloutTablePath } from '../tracking/logged-tables.ts';
import { MlflowClient, type MlflowRun } from '../tracking/mlflow-client.ts';
import { type Log, runAccess } from '../tracking/run-access.ts';
import { RunArtifacts } from '../tracking/run-artifacts.ts';
import {
  bestTags,
  collapseTags,
  endTags,
  experimentName,
  experimentTags,
  finishNote,
  identityTags,
  MIRRORED_STEP_TAG,
  madeWithTags,
  NOTE_TAG,
  runTags,
} from '../tracking/run-tags.ts';
import { sweepRun } from '../tracking/sweep-run.ts';
import { sendToAll } from '../tracking/tracker.ts';
import { trackersOf } from '../tracking/trackers.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { MirroredCompletions } from './mirrored-completions.ts';

export interface TrackingDeps extends Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'env' | 'temporalUiUrl'> {
  mlflowUrl: string;
  /** The folder into which runs are written for TensorBoard, too. */
  tensorBoard?: string | undefined;
  log?: Log;
  /** Of one request; see `MlflowHttpOptions`. */
  timeoutSeconds?: number;
  attempts?: number;
  pauseSeconds?: number;
}

/** Few enough to arrive within one attempt on any connection on which single requests arrive. */
const STEPS_AT_A_TIME = 10;

/**
 * Mirrors runs to MLflow. The artifact store has the truth: anything missing in MLflow can be sent again from it, and
 * each activity gives the same result however often it is delivered.
 *
 * Each throws `Unavailable` while MLflow cannot be reached or refuses the credentials. A run that a user deleted in
 * MLflow stays deleted.
 */
export function createTrackingActivities({
  store,
  mlflowUrl,
  tensorBoard,
  temporalUiUrl,
  onProgress,
  log,
  ...http
}: TrackingDeps) {
  const client = new MlflowClient({ url: mlflowUrl, ...http });
  const trackers = trackersOf({ tensorBoard });

  const completions = new MirroredCompletions(store, log);
  const { withRun, translated, setTags, ifTaken } = runAccess(client, log);

  async function logDatasets(run: MlflowRun, ref: ArtifactRef, manifest: DatasetManifest): Promise<void> {
    const inputs = datasetInputs(manifest, ref, run.datasets);
    if (inputs.length > 0) await client.logInputs(run.runId, inputs);
  }

  async function sendSteps(runKey: string, fromStep: number, toStep: number, otherTo?: number): Promise<void> {
    if (trackers.length === 0) return;
    for (let from = fromStep; from <= toStep; from += STEPS_AT_A_TIME) {
      const records = await readRecords(store, runKey, from, Math.min(from + STEPS_AT_A_TIME - 1, toStep));
      const comparable = records.map((record) => withoutOtherBenchmark(record, otherTo));
      await sendToAll(trackers, runKey, comparable, log);
    }
  }

  /** Checkpoints as logged models, and the exported one as a version of the experiment's registered model. */
  async function mirrorCheckpoints(
    run: MlflowRun,
    runKey: string,
    { evaluations, best }: Pick<z.infer<typeof FinishTrackingInput>, 'evaluations' | 'best'>,
  ): Promise<void> {
    const exported = baseAndTrained(evaluations, best).at(-1)!;
    const models = await logCheckpoints(client, run, checkpointsOf(runKey, evaluations, exported));
    const model = models.find(({ name }) => name === modelName(exported.step));
    const { name: experiment } = await client.experiment(run.experimentId);
    if (model) await registerBest(client, run, { experiment, runKey, model });
  }

  /** The MLflow run of another run, if this server has one. */
  async function mirroredRun(runKey: string): Promise<string | undefined> {
    const known = await store.find(keyOf('trackingRun', { runKey }));
    const tracking = known && (await unlessDamaged(store.readJson(known, Tracking)));
    return tracking?.runUrl.startsWith(`${client.url}/`) ? tracking.mlflowRunId : undefined;
  }

  return {
    /** Makes or finds the run, with its params, config and links. */
    async startTracking(rawInput: z.input<typeof StartTrackingInput>): Promise<Tracking> {
      const { runKey, config, startTime, execution, trainedFrom, forkedFrom, sweep, manifest } =
        StartTrackingInput.parse(rawInput);
      const commit = await gitCommit();
      return translated(async () => {
        const ofSweep = sweep && (await findOrCreateRun({ client, store }, sweepRun(sweep, config, startTime)));
        const parent = ofSweep?.run.runId ?? (forkedFrom && (await mirroredRun(forkedFrom.run)));
        const origin = {
          ...{ runKey, config, execution, trainedFrom, forkedFrom, sweep, parent, temporalUiUrl, commit },
          ...(http.env && { env: http.env }),
        };
        const tags = (experimentId: string) => runTags({ ...origin, runsPage: runsPage(client.url, experimentId) });
        const experiment = { name: experimentName(config), tags: experimentTags(config) };
        const wanted = { runKey, startTime, experiment, tags };
        const { tracking, run } = await findOrCreateRun({ client, store }, wanted);
        // What is there stays: MLflow refuses to change a param, and a newer version of this code may write it
        // otherwise.
        const params = flatParams(config).filter(({ key }) => !run.params.has(key));
        for (const batch of logBatches({ params })) await client.logBatch(run.runId, batch);
        await new RunArtifacts(client, run).upload('config/resolved.yaml', stringify(config));
        if (manifest) await logDatasets(run, manifest, await readManifest(store, manifest));
        return tracking;
      });
    },

    /**
     * Sends the records of steps: their metrics at their own times, and a table of each step's completions. A few steps
     * at a time, which the run's tag then says: what has to be tried again after a long outage continues from there.
     */
    async mirrorRecords(rawInput: z.input<typeof MirrorRecordsInput>): Promise<void> {
      const input = MirrorRecordsInput.parse(rawInput);
      const { runKey, tracking, manifest: ref, fromStep, toStep } = input;
      const manifest = await readManifest(store, ref);
      // First: they need not wait for MLflow.
      await sendSteps(runKey, fromStep, toStep, input.otherBenchmarkTo);
      await withRun(tracking, async (run) => {
        await reopen(client, run);
        await logDatasets(run, ref, manifest);
        const artifacts = new RunArtifacts(client, run);
        const mirrored = { runKey, tracking, server: client.url };
        for (let from = Math.max(fromStep, mirroredStep(run) + 1); from <= toStep; from += STEPS_AT_A_TIME) {
          const to = Math.min(from + STEPS_AT_A_TIME - 1, toStep);
          const records = await readRecords(store, runKey, from, to);
          const comparable = records.map((record) => withoutOtherBenchmark(record, input.otherBenchmarkTo));
          for (const batch of logBatches({ metrics: metricPoints(comparable) }))
            await client.logBatch(run.runId, batch);
          for (const record of records) {
            const done = record.step - fromStep;
            onProgress?.({ done, total: toStep - fromStep + 1, what: 'steps sent to MLflow' });
            const sampled = await completions.ofStep(mirrored, record, manifest);
            if (!sampled) continue;
            const table = await jsonBytes(completionsTable(sampled.rows));
            await artifacts.upload(rolloutTablePath(record.step), table);
            for (const spans of sampled.spans) await ifTaken('Traces of the judge', () => client.sendSpans(run, spans));
          }
          if (to < toStep) await client.setTag(run.runId, MIRRORED_STEP_TAG, String(to));
        }
        if (`${tabledSteps(fromStep - 1)}` !== `${tabledSteps(toStep)}`) {
          const rows = await completions.ofRun(mirrored, toStep, manifest);
          if (rows.length > 0) await artifacts.uploadTable(COMPLETIONS_TABLE_PATH, completionsTable(rows));
        }
        await setTags(run, [...collapseTags(input.collapse), ...identityTags(input.identity)]);
      });
    },

    /**
     * Final delivery: benchmark numbers that came after their step's record, report, table of captions, results in the
     * description, how the run ended, and its end.
     */
    async finishTracking(rawInput: z.input<typeof FinishTrackingInput>): Promise<void> {
      const input = FinishTrackingInput.parse(rawInput);
      const { report, evaluations, best, end, collapse, identity, manifest, status, endTime } = input;
      const measured = await evaluationRecords(store, input.runKey, evaluations);
      await sendToAll(trackers, input.runKey, measured, log);
      await withRun(input.tracking, async (run) => {
        const points = metricPoints(measured);
        for (const batch of logBatches({ metrics: points })) await client.logBatch(run.runId, batch);
        const artifacts = new RunArtifacts(client, run);
        const reported = report !== undefined && (await artifacts.upload(REPORT_PATH, await store.read(report)));
        if (manifest && evaluations.length > 0) {
          const { heldOut } = await readManifest(store, manifest);
          const contents = await Promise.all(baseAndTrained(evaluations, best).map((each) => contentOf(store, each)));
          await artifacts.uploadTable(EVALUATION_TABLE_PATH, evaluationTable(heldOut, contents));
        }
        if (evaluations.length > 0)
          await ifTaken('Checkpoints', () => mirrorCheckpoints(run, input.runKey, { evaluations, best }));
        const ending = { best, end, collapse, identity };
        const note = finishNote(run.tags.get(NOTE_TAG) ?? '', evaluations, reported ? REPORT_PATH : undefined, ending);
        const changed = note === run.tags.get(NOTE_TAG) ? [] : [{ key: NOTE_TAG, value: note }];
        const results = [...bestTags(best), ...madeWithTags(evaluations), ...endTags(input)];
        await setTags(run, [...changed, ...results, ...collapseTags(collapse), ...identityTags(identity)]);
        await client.updateRun(run.runId, { status, endTime });
      });
    },
  };
}

/** The last step that was sent; -1: none. Steps are sent in order, so all earlier steps were sent too. */
function mirroredStep({ tags }: MlflowRun): number {
  const step = Number(tags.get(MIRRORED_STEP_TAG) ?? -1);
  return Number.isInteger(step) ? step : -1; // any user can write tags
}

/** A record without its benchmark, where that is of another one than the run's: two curves in one would mislead. */
function withoutOtherBenchmark(record: StepRecord, otherTo: number | undefined): StepRecord {
  if (otherTo === undefined || record.step > otherTo) return record;
  const own = Object.entries(record.metrics).filter(([name]) => !name.startsWith('eval/'));
  return { ...record, metrics: Object.fromEntries(own) };
}

/**
 * Evaluations as records of their steps, with the times of those records: MLflow recognises points that were sent
 * before.
 */
async function evaluationRecords(
  store: ArtifactStore,
  runKey: string,
  evaluations: readonly Evaluation[],
): Promise<StepRecord[]> {
  return Promise.all(
    evaluations.map(async ({ step, metrics }) => {
      const [record] = await readRecords(store, runKey, step, step);
      const entries = Object.entries(metrics).map(([name, value]) => [`eval/${name}`, value]);
      return { step, time: record!.time, metrics: Object.fromEntries(entries) };
    }),
  );
}

async function contentOf(store: ArtifactStore, evaluation: Evaluation): Promise<EvaluationContent> {
  const { step, captions, details } = evaluation;
  return {
    step,
    captions: await store.readJson(captions, z.array(CaptionedClip)),
    details: await store.readJson(details, HeldOutDetails),
  };
}
