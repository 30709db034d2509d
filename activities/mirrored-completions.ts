import { z } from 'zod';
import { tracePage } from '../contracts/mlflow-pages.ts';
import { readProgress } from '../contracts/read-progress.ts';
import { readRecords } from '../contracts/read-records.ts';
import { ScoredRollout, type StepRecord } from '../contracts/run-results.ts';
import type { Tracking } from '../contracts/tracking.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { Rollout } from '../core/completion.ts';
import { unlessDamaged } from '../core/errors.ts';
import type { ReadManifest } from '../core/manifest.ts';
import { parseKey } from '../core/store-layout.ts';
import { isLlm, type LlmJudgeConfig } from '../judge/judge-config.ts';
import { answeredQuestions } from '../judge/ledger/answered-questions.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import {
  type CompletionRow,
  completionRows,
  type SampledRollout,
  tabledRows,
  tabledSteps,
  tracedRows,
} from '../tracking/completions-table.ts';
import { judgeAgain, traceId, traceOf } from '../tracking/judge-traces.ts';
import type { Span } from '../tracking/otlp.ts';
import type { Log } from '../tracking/run-access.ts';

/** Steps whose rows are kept: those of the tables of a few runs. */
const MOST_KEPT = 128;

/** The run whose completions are mirrored. `server`: MLflow's address. */
export interface MirroredRun {
  runKey: string;
  tracking: Tracking;
  server: string;
}

/** What decides a run's judged scores. */
interface Judging {
  judge: LlmJudgeConfig;
  reward: RewardConfig;
  seed: number;
}

type Sampled = SampledRollout & Pick<ScoredRollout, 'rollout'>;

/** The completions of steps as MLflow has them: rows of tables, and the verdicts on a few of them as traces. */
export class MirroredCompletions {
  readonly #store: ArtifactStore;
  readonly #log: Log | undefined;
  /** Rows of run tables, by run and hash of the scored rollouts: reading a large rollout again takes seconds. */
  readonly #kept = new Map<string, CompletionRow[]>();
  /** Hashes of what is damaged, which is reported once. */
  readonly #damaged = new Set<string>();

  constructor(store: ArtifactStore, log?: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** All completions of a step, and its traces; `undefined` where it sampled none, or they are damaged. */
  async ofStep(
    run: MirroredRun,
    record: StepRecord,
    manifest: ReadManifest,
  ): Promise<{ rows: CompletionRow[]; spans: Span[][] } | undefined> {
    const { step, time, scored } = record;
    if (!scored) return undefined;
    // A damaged rollout costs its own rows in MLflow, and no others.
    const rollouts = await unlessDamaged(this.#sampled(scored), ({ message }) => {
      if (!this.#damaged.has(scored.sha256))
        this.#log?.warn({ reason: message }, 'A table of completions is not mirrored to MLflow.');
      this.#damaged.add(scored.sha256);
    });
    if (!rollouts) return undefined;
    const plain = completionRows(step, rollouts, manifest);
    // Once every step, later only at steps of the run's table.
    const judging = tabledSteps(step).includes(step) ? await this.#judging(run.runKey, step) : undefined;
    const traced = new Set(judging ? tracedRows(plain) : []);
    const { experimentId, mlflowRunId } = run.tracking;
    const rows = plain.map((row) =>
      traced.has(row) ? { ...row, trace: tracePage(run.server, experimentId, traceId(mlflowRunId, row)) } : row,
    );
    const spans: Span[][] = [];
    for (const row of traced) {
      const asked = await this.#asked(run.runKey, judging!, { row, at: plain.indexOf(row), rollouts, manifest });
      spans.push(traceOf(mlflowRunId, row, asked, time));
    }
    this.#keep(keyOfRows(run, scored), tabledRows(rows));
    return { rows, spans };
  }

  /** The rows of a run's table while `last` is its last step. */
  async ofRun(run: MirroredRun, last: number, manifest: ReadManifest): Promise<CompletionRow[]> {
    const rows: CompletionRow[] = [];
    for (const step of tabledSteps(last)) {
      const [record] = await readRecords(this.#store, run.runKey, step, step);
      const kept = record?.scored && this.#kept.get(keyOfRows(run, record.scored));
      rows.push(...(kept ?? tabledRows((await this.ofStep(run, record!, manifest))?.rows ?? [])));
    }
    return rows;
  }

  #keep(key: string, rows: CompletionRow[]): void {
    this.#kept.set(key, rows);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest!);
  }

  async #sampled(scored: ArtifactRef): Promise<Sampled[]> {
    const rollouts = await this.#store.readJson(scored, z.array(ScoredRollout));
    const sampled: Sampled[] = [];
    for (const each of rollouts)
      sampled.push({ ...each, groups: (await this.#store.readJson(each.rollout, Rollout)).groups });
    return sampled;
  }

  /** Absent where no language model judges. */
  async #judging(runKey: string, step: number): Promise<Judging | undefined> {
    const progress = await unlessDamaged(readProgress(this.#store, runKey, step));
    const judge = progress?.config.judge;
    return judge && isLlm(judge) ? { judge, reward: progress.config.reward, seed: progress.config.seed } : undefined;
  }

  async #asked(
    runKey: string,
    { judge, ...how }: Judging,
    { row, at, rollouts, manifest }: { row: CompletionRow; at: number; rollouts: Sampled[]; manifest: ReadManifest },
  ) {
    const places = rollouts.flatMap(({ rollout, groups }) =>
      groups.flatMap(({ sampleId, completions }) =>
        completions.map((completion, index) => ({ rollout, sampleId, completion, index, size: completions.length })),
      ),
    );
    const { rollout, sampleId, completion, index, size } = places[at]!;
    const place = parseKey(rollout.uri.replace(/^store:/, ''));
    const round = place?.kind === 'rollout' ? place.parts.round : 0;
    // A fork's first steps are those of its parent, which asked the judge.
    const asker = place?.kind === 'rollout' ? place.parts.runKey : runKey;
    const judged = { step: row.step, round, sample: manifest.sample(sampleId), index, groupSize: size, completion };
    return answeredQuestions({ store: this.#store, runKey: asker, config: judge }, (again) =>
      judgeAgain(again, judged, how),
    );
  }
}

function keyOfRows({ tracking }: MirroredRun, { sha256 }: ArtifactRef): string {
  return `${tracking.mlflowRunId} ${sha256}`;
}
