import type { z } from 'zod';
import type { BestCheckpoint } from '../contracts/best.ts';
import { PrepareDatasetOutput } from '../contracts/dataset.ts';
import { lastStep, readProgress } from '../contracts/read-progress.ts';
import type { RunProgress } from '../contracts/run-state.ts';
import { Tracking } from '../contracts/tracking.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged } from '../core/errors.ts';
import { listAll } from '../core/storage.ts';
import { keyOf, parseKey } from '../core/store-layout.ts';
import type { Kept } from './kept.ts';
import { type ReportInput, readReportContent } from './report-content.ts';

/**
 * The report of a run as it is now, made of what the store has, so that it costs the run nothing: the one that the run
 * wrote when it ended, else one of its last recorded step, made by the same code. Keeps what does not change between
 * two calls, and makes a page once a step.
 */
export class LiveReport {
  readonly #store: ArtifactStore;
  readonly #runKey: string;
  readonly #kept: Kept = new Map();
  #last: { name: string; page: string } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @param runKey of a training run. */
  constructor(store: ArtifactStore, runKey: string) {
    this.#store = store;
    this.#runKey = runKey;
  }

  /**
   * One HTML file; `undefined` while the run has measured nothing yet, and of what is no training run.
   * @param goesOn whether the run has not ended, as far as the caller knows: then the page asks for itself again.
   */
  page(goesOn: boolean): Promise<string | Buffer | undefined> {
    const page = this.#turn.then(() => this.#page(goesOn));
    this.#turn = page.catch(() => undefined);
    return page;
  }

  async #page(goesOn: boolean): Promise<string | Buffer | undefined> {
    const step = await lastStep(this.#store, this.#runKey);
    if (step === undefined) return undefined;
    const written = await this.#written(step);
    if (written) return written;
    const name = `${step} ${goesOn}`;
    if (this.#last?.name === name) return this.#last.page;
    const input = await this.#input(step, goesOn);
    if (!input) return undefined;
    const content = await readReportContent(this.#store, input, undefined, this.#kept);
    // The drawing library is large; commands that show no report start sooner without it.
    const { reportPage } = await import('./report-page.ts');
    this.#last = { name, page: reportPage(content) };
    return this.#last.page;
  }

  /** The report that the run wrote when it ended, unless it has been resumed since. */
  async #written(step: number): Promise<Buffer | undefined> {
    const { storage } = this.#store;
    const recorded = await storage.getRef(keyOf('progress', { runKey: this.#runKey, step }));
    let newest: { key: string; storedAt: number } | undefined;
    for await (const { kind, key, storedAt } of listAll(storage, `runs/${this.#runKey}/report-`))
      if (kind === 'ref' && parseKey(key)?.kind === 'report' && storedAt >= (newest?.storedAt ?? 0))
        newest = { key, storedAt };
    if (!newest || newest.storedAt < (recorded?.storedAt ?? 0)) return undefined;
    const ref = await this.#store.find(newest.key);
    return ref && unlessDamaged(this.#store.read(ref));
  }

  /** What the run's workflow would give to `writeReport` after a step. */
  async #input(step: number, goesOn: boolean): Promise<ReportInput | undefined> {
    const [store, runKey] = [this.#store, this.#runKey];
    const dataset = await this.#read('dataset', PrepareDatasetOutput);
    const progress = await readProgress(store, runKey, step);
    if (!dataset || progress.evaluations.length === 0) return undefined;
    const tracking = await this.#read('trackingRun', Tracking);
    const { config, evaluations, trainedFrom, forkedFrom, collapse, identity, limits } = progress;
    const totalSteps = limits.maxSteps ?? config.algorithm.steps;
    return {
      ...{ runKey, config, evaluations, lastStep: step, manifest: dataset.manifest },
      ...{ trainedFrom, forkedFrom, identity, best: bestOf(progress) },
      collapse: collapse?.warnings ?? [],
      mlflowRunUrl: tracking?.runUrl,
      ...(goesOn && { goesOn: { step, totalSteps } }),
    };
  }

  async #read<S extends z.ZodType>(kind: 'dataset' | 'trackingRun', schema: S): Promise<z.infer<S> | undefined> {
    const ref = await this.#store.find(keyOf(kind, { runKey: this.#runKey }));
    return ref && this.#store.readJson(ref, schema);
  }
}

/** The checkpoint that would be exported now, where the config asks for the best. */
function bestOf({ best, config }: RunProgress): BestCheckpoint | undefined {
  const metric = config.checkpoints.best?.metric;
  return best && metric !== undefined ? { step: best.step, metric, value: best.value } : undefined;
}
