import type { HeldOutDetails } from '../benchmarks/held-out.ts';
import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';
import type { CaptionedClip } from '../core/completion.ts';
import type { Sample } from '../core/sample.ts';
import type { Table } from './logged-tables.ts';

/** One benchmark with what lies behind its numbers. */
export interface EvaluationContent {
  step: number;
  captions: readonly CaptionedClip[];
  details: HeldOutDetails;
}

/**
 * Of each held-out video the reference, and what each policy said of it with its scores (in [0, 1]), the last policy
 * first.
 * `null`: the policy wrote no such part, or it could not be scored.
 */
export function evaluationTable(samples: readonly Sample[], evaluations: readonly EvaluationContent[]): Table {
  const latestFirst = evaluations.toReversed();
  const answers = latestFirst.map(({ captions, details }) => ({
    parsed: new Map(captions.map(({ sampleId, parsed }) => [sampleId, parsed])),
    scores: new Map(details.clips.map((clip) => [clip.sampleId, clip])),
  }));
  const references = REFERENCE_ROWS.filter(({ metric }) =>
    evaluations.some(({ details }) => details.clips.some((clip) => clip.references?.[metric])),
  );
  const columns = [...COLUMNS, ...references.map(({ title }) => title)];
  return {
    columns: ['sample', ...latestFirst.flatMap(({ step }) => columns.map((name) => `${name} @ ${step}`)), 'reference'],
    data: samples.map(({ id, caption }) => [
      id,
      ...answers.flatMap(({ parsed, scores }) => {
        const said = parsed.get(id);
        const clip = scores.get(id);
        return [
          said?.caption ?? null,
          said?.thought ? JSON.stringify(said.thought) : null,
          clip?.event?.recall ?? null,
          clip?.event?.precision ?? null,
          clip?.think ?? null,
          ...references.map(({ metric }) => clip?.references?.[metric]?.score ?? null),
        ];
      }),
      caption,
    ]),
  };
}

const COLUMNS = ['caption', 'thought', 'event recall', 'event precision', 'think'] as const;
