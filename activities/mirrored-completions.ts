import { z } from 'zod';
import { readRecords } from '../contracts/read-records.ts';
import { ScoredRollout, type StepRecord } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { Rollout } from '../core/completion.ts';
import { unlessDamaged } from '../core/errors.ts';
import type { ReadManifest } from '../core/manifest.ts';
import {
  type CompletionRow,
  completionRows,
  type SampledRollout,
  tabledRows,
  tabledSteps,
} from '../tracking/completions-table.ts';
import type { Log } from '../tracking/run-access.ts';

/** Steps whose rows are kept: those of the tables of a few runs. */
const MOST_KEPT = 128;

/** The completions of steps as tables of MLflow have them. */
export class MirroredCompletions {
  readonly #store: ArtifactStore;
  readonly #log: Log | undefined;
  /** Rows of run tables, by the hash of the scored rollouts: reading a large rollout again takes seconds. */
  readonly #kept = new Map<string, CompletionRow[]>();
  /** Hashes of what is damaged, which is reported once. */
  readonly #damaged = new Set<string>();

  constructor(store: ArtifactStore, log?: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** All completions of a step; `undefined` where it sampled none, or they are damaged. */
  async ofStep({ step, scored }: StepRecord, manifest: ReadManifest): Promise<CompletionRow[] | undefined> {
    if (!scored) return undefined;
    // A damaged rollout costs its own rows in MLflow, and no others.
    const rollouts = await unlessDamaged(this.#sampled(scored), ({ message }) => {
      if (!this.#damaged.has(scored.sha256))
        this.#log?.warn({ reason: message }, 'A table of completions is not mirrored to MLflow.');
      this.#damaged.add(scored.sha256);
    });
    const rows = rollouts && completionRows(step, rollouts, manifest);
    if (rows) this.#keep(scored.sha256, tabledRows(rows));
    return rows;
  }

  /** The rows of a run's table while `last` is its last step. */
  async ofRun(runKey: string, last: number, manifest: ReadManifest): Promise<CompletionRow[]> {
    const rows: CompletionRow[] = [];
    for (const step of tabledSteps(last)) {
      const [record] = await readRecords(this.#store, runKey, step, step);
      const kept = record?.scored && this.#kept.get(record.scored.sha256);
      const own = kept ?? tabledRows((await this.ofStep(record!, manifest)) ?? []);
      rows.push(...own);
    }
    return rows;
  }

  #keep(hash: string, rows: CompletionRow[]): void {
    this.#kept.set(hash, rows);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest!);
  }

  async #sampled(scored: ArtifactRef): Promise<SampledRollout[]> {
    const rollouts = await this.#store.readJson(scored, z.array(ScoredRollout));
    const sampled: SampledRollout[] = [];
    for (const each of rollouts)
      sampled.push({ ...each, groups: (await this.#store.readJson(each.rollout, Rollout)).groups });
    return sampled;
  }
}
