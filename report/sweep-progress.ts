import { hasEnded, type SweepRunStatus } from '../contracts/sweep-status.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type Html, html, shortened } from '../core/markup.ts';
import { section } from './section.ts';

/** One run of a sweep that goes on. */
export interface RunSoFar {
  arm: string;
  condition: string;
  seed: number;
  /** Its key in the store. */
  run: string;
  state: SweepRunStatus['state'];
  /** Why it has no result. */
  reason?: string;
  /** The last that it has recorded; absent before the first benchmark. */
  step?: number;
  /** Of its plan. */
  steps: number;
  /** A `HeldOutDetails` of the policy that it would be compared by, once it has measured that of its last step. */
  details?: ArtifactRef;
}

/** A sweep that has no table yet. */
export interface SweepSoFar {
  goesOn: boolean;
  runs: readonly RunSoFar[];
  /** Of the plan. */
  arms: number;
  conditions: number;
}

/** `goes on: 7 of 41 runs have ended`. */
export function soFarText({ goesOn, runs }: SweepSoFar): string {
  const ended = runs.filter(({ state }) => hasEnded(state)).length;
  return `${goesOn ? 'goes on' : 'ended before its table'}: ${ended} of ${runs.length} runs have ended`;
}

/** The arms side by side: what has become of each one's runs in each condition. */
export function progressSection({ runs, goesOn }: SweepSoFar): Html {
  const arms = [...new Set(runs.map(({ arm }) => arm))];
  const conditions = [...new Set(runs.map(({ condition }) => condition))];
  return section(
    'runs',
    'Runs so far',
    html`<p class="lead">The numbers below are of the runs that have ended. ${
      goesOn
        ? 'Do not stop the sweep because of them: a difference that you test again and again turns up by chance.'
        : 'To go on with the others: videocap resume.'
    }</p>
    <div class="card scroll"><table class="captions">
    <thead><tr><th scope="col">arm</th>${conditions.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${arms.map(
      (arm) =>
        html`<tr><th scope="row">${arm}</th>${conditions.map((condition) =>
          cell(
            runs.filter((run) => run.arm === arm && run.condition === condition),
            goesOn,
          ),
        )}</tr>`,
    )}</tbody></table></div>`,
  );
}

function cell(runs: readonly RunSoFar[], goesOn: boolean): Html {
  return html`<td>${runs.map((run) => html`<small>seed ${run.seed}: ${stateText(run, goesOn)}</small>`)}</td>`;
}

function stateText({ state, reason, step, steps }: RunSoFar, goesOn: boolean): string {
  const shown = goesOn || hasEnded(state) ? state : step === undefined ? 'not begun' : 'not finished';
  const made = step === undefined || state === 'finished' ? '' : `, step ${step} of ${steps}`;
  return shortened(`${shown}${made}${reason === undefined ? '' : `: ${reason}`}`, 200);
}
