import { BUCKET_VICTIMS, BUTTONS, MOMENTS, TORCH_VICTIMS, VICTIMS } from './cells.ts';
import type { CellResult } from './play-cell.ts';

/** The crash matrix, as Markdown. */
export function matrixTable(
  results: readonly CellResult[],
  { seed, minutes }: { seed: number; minutes: number },
): string {
  const failed = results.filter(({ holds }) => !holds);
  return [
    '# Crash matrix',
    '',
    'Each cell is a whole run (2 GRPO steps of 2 updates each, every stage real) in which one thing dies once, at one',
    'moment of one stage, and comes back by itself: a worker as soon as it starts again, the others after 1.5 s, or',
    'after 25 s where the cell gives that time. A worker that does not die serves the next cell too. `ok` means: the',
    'run ended by itself; weights, optimiser state, metric series (in the store and in MLflow), benchmark and report',
    'equal those of the undisturbed run; no stored artifact was made again; the judge answered no question twice,',
    'except answers on their way when a worker died (the cell gives their number). In the rows named `two rounds` the',
    'first step takes a second round of samples, in which the worker dies, and each step makes its policy the',
    'reference policy of the next; in the rows named `rollout lag` the next step is sampled while a step is judged; in',
    'those named `parts` a round has two, and one dies while the second is sampled and the first is judged. In',
    'the rows `activity paused`, `activity reset` and `run reset` nothing dies: a',
    'user presses that button in Temporal; a run is reset to its first workflow task.',
    '',
    `${results.length - failed.length} of ${results.length} cells hold. Seed ${seed}, ` +
      `${minutes.toFixed(0)} minutes. Made by \`npm run chaos\`.`,
    '',
    ...cellTable(results),
    '',
  ].join('\n');
}

/** Cells as a table in Markdown: a row a stage and victim, a column a moment. */
export function cellTable(results: readonly CellResult[]): string[] {
  const stages = [...new Set(results.map(stageOf))];
  const cell = (found: CellResult | undefined) =>
    found === undefined
      ? ''
      : found.holds
        ? `ok, ${found.seconds.toFixed(0)} s${away(found)}${again(found)}`
        : `**${found.differs.join(', ').slice(0, 60) || 'work done twice'}**`;
  const rows = stages.flatMap((stage) =>
    [...new Set([...VICTIMS, ...TORCH_VICTIMS, ...BUTTONS, ...BUCKET_VICTIMS])]
      .filter((victim) => results.some((result) => stageOf(result) === stage && result.victim === victim))
      .map((victim) => {
        const at = MOMENTS.map((moment) =>
          cell(
            results.find((result) => stageOf(result) === stage && result.victim === victim && result.moment === moment),
          ),
        );
        return `| ${stage} | ${victim} | ${at.join(' | ')} |`;
      }),
  );
  return [`| stage | victim | ${MOMENTS.join(' | ')} |`, `|---|---|${MOMENTS.map(() => '---|').join('')}`, ...rows];
}

function stageOf({ stage, experiment }: CellResult): string {
  return experiment ? `${stage}, ${experiment}` : stage;
}

function away({ awaySeconds }: CellResult): string {
  return awaySeconds > 2 ? ` (away ${awaySeconds} s)` : '';
}

function again({ paidAgain }: CellResult): string {
  return paidAgain === 0 ? '' : `, ${paidAgain} asked again`;
}
