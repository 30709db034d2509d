import type { SweepTable } from '../../contracts/sweep-results.ts';
import { paperLines, sharedLines, sweepCells } from '../../report/sweep-markdown.ts';
import { alignedTable } from './result-table.ts';

/** A sweep's result for a terminal. */
export function sweepLines(table: SweepTable): string[] {
  const { conditions, verdict, warnings, leftOut, judges } = table;
  return [
    '',
    ...conditions.flatMap(({ name, clips, rows }) => {
      const { head, cells } = sweepCells(table, rows);
      return [`${name}: ${clips} held-out clips`, alignedTable(head, cells), ''];
    }),
    verdict,
    ...warnings.map((warning) => `  WARNING: ${warning}.`),
    ...leftOut.map(({ run, state, reason }) => `  ${run}: ${state}, ${reason}`),
    `  judge: ${judges.join(', ') || 'none'}`,
    ...sharedLines(table).map((line) => `  ${line}.`),
    ...paperLines(),
    '',
  ];
}
