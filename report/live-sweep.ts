import { lastStep, readProgress } from '../contracts/read-progress.ts';
import { baseAndTrained } from '../contracts/run-results.ts';
import { runId, runsOf, type SweepPlan, type SweepRun } from '../contracts/sweep-plan.ts';
import type { SweepOutcome } from '../contracts/sweep-results.ts';
import { hasEnded, type SweepRunStatus, type SweepStatus } from '../contracts/sweep-status.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { keyOf } from '../core/store-layout.ts';
import { readRun, tableOf } from './measured-runs.ts';
import { clipsOfArms } from './sweep-clips.ts';
import type { RunSoFar } from './sweep-progress.ts';

/** What the caller knows of a sweep besides what is stored. */
export interface SweepNow {
  plan: SweepPlan;
  /** Whether it has not ended, as far as the caller knows. */
  goesOn: boolean;
  /** What the sweep says of its runs; absent where no worker answers. */
  status?: SweepStatus | undefined;
}

/**
 * The page of a sweep as it is now, made of what its runs have stored, so that it costs them nothing. Its numbers are
 * those of the runs that have ended, made by the code of the table at the end.
 */
export class LiveSweep {
  readonly #store: ArtifactStore;
  readonly #runKey: string;
  /** What was made last, by name: one value each, since a page may be open for days. */
  readonly #made = new Map<string, { version: string; value: Promise<unknown> }>();
  /** The last step that was seen of each run, by its key. */
  readonly #steps = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param runKey of the sweep. */
  constructor(store: ArtifactStore, runKey: string) {
    this.#store = store;
    this.#runKey = runKey;
  }

  /** One HTML file. */
  page(now: SweepNow): Promise<string> {
    const page = this.#turn.then(() => this.#page(now));
    this.#turn = page.catch(() => undefined);
    return page;
  }

  async #page({ plan, goesOn, status }: SweepNow): Promise<string> {
    const said = new Map((status?.arms ?? []).flatMap(({ runs }) => runs.map((run) => [run.run, run])));
    const runs: RunSoFar[] = [];
    for (const run of runsOf(plan)) runs.push(await this.#soFar(run, said.get(this.#keyOf(run))));
    const outcomes = runs.flatMap((run) => outcomeOf(run) ?? []);
    const { name, metric, reference } = plan;
    // The comparison takes seconds, and changes when a run ends.
    const { table, clips } = await this.#latest('table', JSON.stringify([metric, reference, outcomes]), async () => {
      const read = await Promise.all(
        outcomes.map((outcome) =>
          this.#latest(`read ${runId(outcome)}`, JSON.stringify(outcome), () => readRun(this.#store, outcome)),
        ),
      );
      const compared = await tableOf({ name, metric, reference }, read);
      return { table: compared.table, clips: clipsOfArms(compared.runs, metric) };
    });
    // The drawing library is large; commands that show no page start sooner without it.
    const { sweepPage } = await import('./sweep-page.ts');
    return sweepPage(table, clips, { goesOn, runs, arms: plan.arms.length, conditions: plan.conditions.length });
  }

  #keyOf({ id }: SweepRun): string {
    return `${this.#runKey}.${id}`;
  }

  async #soFar(run: SweepRun, said: SweepRunStatus | undefined): Promise<RunSoFar> {
    const { arm, condition, seed, steps } = run;
    const key = this.#keyOf(run);
    const place = { arm, condition, seed, run: key, steps, ...(said?.reason !== undefined && { reason: said.reason }) };
    if (said?.state === 'waiting' || said?.state === 'skipped') return { ...place, state: said.state };
    const step = await this.#lastStep(key, said !== undefined && hasEnded(said.state));
    if (step === undefined) return { ...place, state: said?.state ?? 'waiting' };
    const { evaluations, best } = await this.#latest(key, `${step}`, () => readProgress(this.#store, key, step));
    // Which policy a run exports is known once it has measured that of its last step.
    const isMeasured = evaluations.at(-1)?.step === step;
    const measured = isMeasured ? baseAndTrained(evaluations, best).at(-1)! : undefined;
    return {
      ...{ ...place, step },
      state: said?.state ?? (measured && step >= steps ? 'finished' : 'running'),
      ...(measured && { details: measured.details }),
    };
  }

  /** What was made of this version, else what `make` returns. What failed is made again. */
  #latest<T>(name: string, version: string, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(name);
    if (known?.version === version) return known.value as Promise<T>;
    const value = make();
    this.#made.set(name, { version, value });
    value.catch(() => this.#made.delete(name));
    return value;
  }

  /** Steps only come: those that were seen are not asked for again. */
  async #lastStep(key: string, hasEnded: boolean): Promise<number | undefined> {
    const known = this.#steps.get(key);
    if (known !== undefined && hasEnded) return known;
    let last = known ?? (await lastStep(this.#store, key));
    if (last === undefined) return undefined;
    while (await this.#store.find(keyOf('progress', { runKey: key, step: last + 1 }))) last++;
    this.#steps.set(key, last);
    return last;
  }
}

/** A run's part of the table; none of one that has not ended, or whose last benchmark is not stored. */
function outcomeOf({ arm, condition, seed, run, state, reason, details }: RunSoFar): SweepOutcome | undefined {
  if (!hasEnded(state) || (state === 'finished' && !details)) return undefined;
  return {
    ...{ arm, condition, seed, state },
    ...(state !== 'skipped' && { run }),
    ...(reason !== undefined && { reason }),
    ...(state === 'finished' && { details }),
  };
}
