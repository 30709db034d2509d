import { reportPage } from '../../contracts/mlflow-pages.ts';
import type { SweepSummary, SweepTable } from '../../contracts/sweep-results.ts';
import { readingNote, sharedLines, sweepTables } from '../../report/sweep-tables.ts';
import { alignedTable } from './result-table.ts';
import { storedAt } from './stored-at.ts';

/** The end of a sweep: its result, and where more is. @param home of the installation. */
export function sweepEndLines({ result, page, mlflowRunUrl }: SweepSummary, home: string): string[] {
  return [
    ...sweepLines(result),
    `report         ${storedAt(home, page)}`,
    ...(mlflowRunUrl ? [`               ${reportPage(mlflowRunUrl)}`, `MLflow run     ${mlflowRunUrl}`] : []),
  ];
}

/** A sweep's table for a terminal. */
export function sweepLines(table: SweepTable): string[] {
  const { verdict, warnings, leftOut } = table;
  return [
    '',
    ...sweepTables(table).flatMap(({ title, note, head, cells }) => [
      ...[title, ...(note ? [note] : [])],
      ...[alignedTable(head, cells), ''],
    ]),
    readingNote(table),
    ...sharedLines(table).map((line) => `${line}.`),
    ...leftOut.map(({ run, state, reason }) => `  ${run}: ${state}, ${reason}`),
    ...warnings.map((warning) => `  WARNING: ${warning}.`),
    '',
    ...verdict,
    '',
  ];
}
