import { resolve } from 'node:path';
import type { z } from 'zod';
import {
  AnnotateBatchInput,
  AnnotateBatchOutput,
  ReadCaptionsInput,
  ReadCaptionsOutput,
  WriteAnnotationsInput,
  type WriteAnnotationsOutput,
} from '../contracts/annotation.ts';
import { VideocapError } from '../core/errors.ts';
import type { ReferenceField } from '../core/sample.ts';
import { settled } from '../core/settled.ts';
import { keyOf } from '../core/store-layout.ts';
import { type Annotation, BatchAnnotations, CaptionedSamples } from '../datasets/annotation/annotation.ts';
import { existingAmong, writeAnnotationFiles } from '../datasets/annotation/annotation-files.ts';
import { missingFields, questionsFor } from '../datasets/annotation/makers.ts';
import { placeText, readJsonl } from '../datasets/jsonl.ts';
import type { LlmClient } from '../judge/client/llm-client.ts';
import { createLlmClient } from '../judge/create-judge.ts';
import { isLlm } from '../judge/judge-config.ts';
import type { ActivityDeps } from './activity-deps.ts';

type AnnotationDeps = Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'outage' | 'env' | 'keyRules'>;

/** Makes the fields that samples lack, from their captions: the stages of `datasetAnnotation`. */
export function createAnnotationActivities({ store, onProgress, signal, outage, env, keyRules }: AnnotationDeps) {
  return {
    /** Reads the whole file once and stores it, so that later changes of the file do not change what is annotated. */
    async readCaptions(rawInput: z.input<typeof ReadCaptionsInput>): Promise<z.infer<typeof ReadCaptionsOutput>> {
      const { runKey, dataset, output, make } = ReadCaptionsInput.parse(rawInput);
      return store.onceJson(keyOf('captionFile', { runKey }), ReadCaptionsOutput, async () => {
        checkOutput(dataset, output);
        const read = async () => CaptionedSamples.parse(await readSamples(dataset, signal?.()));
        const ref = await store.putJsonOnce(keyOf('captionSamples', { runKey }), read);
        const samples = await store.readJson(ref, CaptionedSamples);
        const open = samples.filter(({ sample }) => missingFields(sample, make).length > 0).length;
        return { samples: ref, total: samples.length, open };
      });
    },

    /**
     * Asks about one batch. Paid answers are in the ledger before they are used, so a batch that is tried again asks
     * only for the rest.
     */
    async annotateBatch(rawInput: z.input<typeof AnnotateBatchInput>): Promise<z.infer<typeof AnnotateBatchOutput>> {
      const { runKey, samples, batch, size, make, judge, spent } = AnnotateBatchInput.parse(rawInput);
      if (!isLlm(judge))
        throw new VideocapError(
          'InvalidConfig',
          `judge.kind is ${judge.kind}, which reads only the small world's sentences; annotation needs llm.`,
        );
      const key = keyOf('annotatedBatch', { runKey, batch });
      return store.onceJson(key, AnnotateBatchOutput, async () => {
        const started = performance.now();
        const read = await store.readJson(samples, CaptionedSamples);
        const all = read
          .map(({ line, sample }) => ({ line, sample, missing: missingFields(sample, make) }))
          .filter(({ missing }) => missing.length > 0);
        const client = createLlmClient(judge, {
          ...{ store, place: key, env, spent, outage },
          keyRules: await keyRules?.(),
        });
        const mine = all.slice((batch - 1) * size, batch * size);
        let done = (batch - 1) * size;
        const annotations = await settled(
          mine.map(async ({ line, sample, missing }) => {
            const annotation = await annotate(client, sample.caption, missing, signal?.());
            onProgress?.({ done: ++done, total: all.length, what: 'captions annotated' });
            return { line, annotation };
          }),
        );
        const unscorable = annotations.filter(({ annotation }) => annotation.unscorable !== undefined).length;
        return {
          annotations: await store.putJsonOnce(keyOf('batchAnnotations', { runKey, batch }), async () =>
            BatchAnnotations.parse(annotations),
          ),
          annotated: annotations.length - unscorable,
          unscorable,
          usage: client.usage,
          seconds: (performance.now() - started) / 1000,
        };
      });
    },

    /**
     * Writes the annotated file, the review and the statistics. None of them ever replaces a file that is not the same.
     */
    async writeAnnotations(
      rawInput: z.input<typeof WriteAnnotationsInput>,
    ): Promise<z.infer<typeof WriteAnnotationsOutput>> {
      const input = WriteAnnotationsInput.parse(rawInput);
      const samples = await store.readJson(input.samples, CaptionedSamples);
      const batches = [];
      for (let batch = 1; batch <= input.batches; batch++) {
        const ref = (await store.find(keyOf('annotatedBatch', { runKey: input.runKey, batch })))!;
        const { annotations, ...rest } = await store.readJson(ref, AnnotateBatchOutput);
        batches.push({ ...rest, annotations: await store.readJson(annotations, BatchAnnotations) });
      }
      return writeAnnotationFiles(samples, batches, input);
    },
  };
}

/** Asks the model for the fields that a sample lacks, from its caption. */
async function annotate(
  client: LlmClient,
  caption: string,
  missing: readonly ReferenceField[],
  signal: AbortSignal | undefined,
): Promise<Annotation> {
  const outcomes = await settled(questionsFor(caption, missing).map((question) => client.ask(question, signal)));
  const made: Annotation = {};
  for (const outcome of outcomes)
    if ('answer' in outcome) {
      const wanted = Object.entries(outcome.answer).filter(([field]) => missing.some((name) => name === field));
      Object.assign(made, Object.fromEntries(wanted));
    } else if ('unscorable' in outcome) made.unscorable ??= outcome.reason;
    else throw new VideocapError('Unavailable', 'The judge has not answered yet. It will be asked again.');
  return made;
}

/** Reported before the judge is asked. */
function checkOutput(dataset: string, output: string): void {
  if (resolve(dataset) === resolve(output))
    throw new VideocapError('InvalidInput', `The output ${output} is the input; name another file (--out).`);
  const taken = existingAmong(output);
  if (taken !== undefined)
    throw new VideocapError('InvalidInput', `The output ${taken} exists already; remove it, or name another (--out).`);
}

async function readSamples(dataset: string, signal: AbortSignal | undefined): Promise<CaptionedSamples> {
  const samples: CaptionedSamples = [];
  const bad: string[] = [];
  for await (const read of readJsonl(dataset, signal)) {
    if ('problem' in read) bad.push(`${placeText(read)}: ${read.problem}`);
    else samples.push({ line: read.line, sample: read.sample });
  }
  if (bad.length > 0)
    throw new VideocapError(
      'InvalidDataset',
      `${dataset} has ` +
        `${bad.length === 1 ? 'a line that is no sample' : `${bad.length} lines that are no samples`}: ` +
        `${bad.slice(0, 3).join('; ')}${bad.length > 3 ? '; ...' : ''}. Fix or remove them.`,
    );
  if (samples.length === 0)
    throw new VideocapError(
      'InvalidDataset',
      `${dataset} has no samples; add lines such as {"video": "clip.mp4", "caption": "..."}.`,
    );
  return samples;
}
