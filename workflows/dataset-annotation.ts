import { ApplicationFailure, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { WrittenAnnotations } from '../contracts/annotation.ts';
import { RunInput, WorkerPath } from '../contracts/run-input.ts';
import { FieldsToMake } from '../datasets/annotation/annotation.ts';
import { isLlm } from '../judge/judge-config.ts';
import { type AnnotationSnapshot, AnnotationState } from './annotation-state.ts';
import { type Control, listenForControl } from './control.ts';
import { parseInput } from './parse-input.ts';
import { FRESH } from './run-phase.ts';
import { noteAttributes } from './search-attributes.ts';
import { shownExecution } from './shown-execution.ts';
import { judgeActivities, mediaActivities, shortActivities } from './stages.ts';
import { continueAsNew, controlStateOf, isContinuation, newRunKey } from './start-run.ts';
import { StoppedByUser, stoppedFailure } from './stopped-by-user.ts';

/** `dataset` and `output` are paths on the worker's machine. Of the config only `judge` is used. */
const DatasetAnnotationInput = RunInput.extend({
  dataset: WorkerPath,
  output: WorkerPath,
  make: FieldsToMake,
});

/**
 * Makes the fields in `make` for the samples of a JSONL file that lack them, by asking the judge's language model.
 * Batch by batch: what is answered is kept, whatever stops the rest.
 */
export async function datasetAnnotation(rawInput: unknown): Promise<WrittenAnnotations> {
  const control = listenForControl({ state: controlStateOf(rawInput) });
  const run = await startAnnotation(rawInput);
  run.execution = shownExecution(run.snapshot.runKey);
  control.attach(run);
  try {
    const written = await annotate(run, control);
    run.stage = 'finished';
    control.show();
    return written;
  } catch (error) {
    throw error instanceof StoppedByUser ? stoppedFailure('the annotation', error.blocked) : error;
  }
}

async function annotate(run: AnnotationState, control: Control): Promise<WrittenAnnotations> {
  const { snapshot } = run;
  const { dataset, output, make } = snapshot;
  if (!snapshot.samples) {
    const { samples, ...counts } = await mediaActivities.readCaptions({
      runKey: snapshot.runKey,
      dataset,
      output,
      make,
    });
    snapshot.samples = { ref: samples, ...counts };
  }
  run.stage = 'annotate';
  while (!run.finished && !control.stopRequested) {
    await control.whilePaused();
    if (control.stopRequested || run.finished) break; // so it may be after a pause
    const { samples, batches, spent, runKey } = { ...snapshot, samples: snapshot.samples.ref };
    const place = { runKey, samples, batch: batches + 1, size: run.batchSize, make };
    const batch = await control.judge
      .through(() => judgeActivities.annotateBatch({ ...place, judge: run.judge, spent }))
      .catch(unlessStopped);
    if (!batch) break; // what is answered of it is in the ledger
    run.advance(batch);
    control.show();
    if (workflowInfo().continueAsNewSuggested && !run.finished && !control.stopRequested)
      await continueAsNew({ continued: snapshot, control: control.state });
  }
  run.stage = 'review';
  const { runKey, batches, judge } = snapshot;
  return mediaActivities.writeAnnotations({
    runKey,
    samples: snapshot.samples.ref,
    dataset,
    output,
    batches,
    make,
    judge: { model: judge.model, endpoint: judge.baseUrl },
  });
}

function unlessStopped(error: unknown): undefined {
  if (!(error instanceof StoppedByUser)) throw error;
}

async function startAnnotation(raw: unknown): Promise<AnnotationState> {
  if (isContinuation<AnnotationSnapshot>(raw)) return new AnnotationState(raw.continued);
  noteAttributes({ ...FRESH, method: 'annotation' });
  const example =
    '{"dataset": "/data/captions.jsonl", "output": "/data/annotated.jsonl", "config": "/data/judge.yaml"}';
  const { dataset, output, make, ...input } = parseInput(DatasetAnnotationInput, raw, example);
  const runKey = newRunKey();
  const { config } = await shortActivities.resolveConfig(input);
  const { judge } = config;
  upsertMemo({ summary: `annotate · ${make.join(', ')} · ${dataset}` });
  if (!isLlm(judge))
    throw ApplicationFailure.nonRetryable(
      `The config's judge.kind is ${judge.kind}, which reads only the small world's sentences. Annotation needs a ` +
        'language model: set judge.kind to llm, and judge.baseUrl and judge.model.',
      'InvalidConfig',
    );
  return new AnnotationState({
    runKey,
    dataset,
    output,
    make,
    judge,
    batches: 0,
    annotated: 0,
    unscorable: 0,
    spent: { usd: 0, calls: 0 },
    limits: {},
  });
}
