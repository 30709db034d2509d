import type { HeldOutDetails } from '../benchmarks/held-out.ts';
import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';
import type { CaptionedClip } from '../core/completion.ts';
import type { Sample } from '../core/sample.ts';
import type { Table } from './logged-tables.ts';
import { rounded } from './rounded.ts';

/** One benchmark with what lies behind its numbers. */
export interface EvaluationContent {
  step: number;
  captions: readonly CaptionedClip[];
  details: HeldOutDetails;
}

/**
 * Of each held-out video what the trained policy says of it with its scores (in [0, 1]), the same of the base policy in
 * columns that begin with `base`, and the reference. Columns have the same names in every run, so that MLflow shows
 * the captions of several runs beside each other.
 * `null`: the policy wrote no such part, or it could not be scored.
 * @param evaluations of the base policy and the trained one; one alone is of both.
 */
export function evaluationTable(samples: readonly Sample[], evaluations: readonly EvaluationContent[]): Table {
  const references = REFERENCE_ROWS.filter(({ metric }) =>
    evaluations.some(({ details }) => details.clips.some((clip) => clip.references?.[metric])),
  );
  const columns = [...COLUMNS, ...references.map(({ title }) => title)];
  const cellsOf = ({ captions, details }: EvaluationContent) => {
    const parsed = new Map(captions.map((clip) => [clip.sampleId, clip.parsed]));
    const scores = new Map(details.clips.map((clip) => [clip.sampleId, clip]));
    return (id: string) => {
      const said = parsed.get(id);
      const clip = scores.get(id);
      return [
        said?.caption ?? null,
        rounded(clip?.event?.recall),
        rounded(clip?.event?.precision),
        rounded(clip?.think),
        said?.thought ? JSON.stringify(said.thought) : null,
        ...references.map(({ metric }) => rounded(clip?.references?.[metric]?.score)),
      ];
    };
  };
  const [base, trained = base] = evaluations.map((each) => ({ step: each.step, cells: cellsOf(each) }));
  if (!base || !trained) return { columns: ['sample', ...columns, 'reference'], data: [] };
  return {
    columns: ['sample', ...columns, 'step', ...columns.map((name) => `base ${name}`), 'reference'],
    data: samples.map(({ id, caption }) => [id, ...trained.cells(id), trained.step, ...base.cells(id), caption]),
  };
}

const COLUMNS = ['caption', 'event recall', 'event precision', 'think', 'thought'] as const;
