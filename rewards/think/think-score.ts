import type { SubjectAnalysis, Thought } from '../../core/sample.ts';
import { assign } from './assignment.ts';
import type { PhraseSimilarity } from './similarity.ts';

/** Items of one kind: how many the policy wrote, how many the reference has, and how many of them are each other's. */
export interface ItemCounts {
  hits: number;
  predicted: number;
  reference: number;
}

export interface ThinkBreakdown {
  /** `attributeWeight * F1 of attributes + actionWeight * F1 of actions`. */
  score: number;
  subjects: ItemCounts;
  attributes: ItemCounts;
  actions: ItemCounts;
  /** Matched subjects as indices: [predicted, reference]. */
  pairs: [number, number][];
}

/** From which similarity things count as the same, and how much each kind of item counts; all in [0, 1]. */
export interface ThinkOptions {
  subjectThreshold: number;
  itemThreshold: number;
  attributeWeight: number;
  actionWeight: number;
}

/** Far below any difference between two similarities, far above rounding: it only decides between equals. */
const TIE_BREAK = 1e-6;

/**
 * The think score (VideoCap-R1's Tscore, whose details the paper leaves open; defined in this project's design):
 * subjects are matched one to one so that the summed similarity of accepted pairs is greatest, a pair being accepted
 * from
 * `subjectThreshold`; inside pairs, attributes and actions are matched the same way from `itemThreshold`. Items of
 * unmatched subjects are false alarms (predicted) or misses (reference). F1 over all items of a kind.
 *
 * Where several matchings of subjects are equally similar (two men, say), the one that scores best counts, so the score
 * does not depend on the order in which anything is listed.
 */
export function thinkScore(
  predicted: Thought,
  reference: Thought,
  similarity: PhraseSimilarity,
  options: ThinkOptions,
): ThinkBreakdown {
  const attributes = countItems(predicted, reference, 'attributes');
  const actions = countItems(predicted, reference, 'actions');
  const cells = predicted.map((mine) =>
    reference.map((theirs) => {
      const likeness = similarity(mine.subject, theirs.subject);
      if (likeness < options.subjectThreshold || likeness <= 0) return { weight: 0, attributes: 0, actions: 0 };
      const hits = {
        attributes: hitsAmong(mine.attributes, theirs.attributes, similarity, options.itemThreshold),
        actions: hitsAmong(mine.actions, theirs.actions, similarity, options.itemThreshold),
      };
      // F1 = 2 hits / (predicted + reference), so a pair's share of the score is known before the matching is.
      const share =
        options.attributeWeight * f1({ ...attributes, hits: hits.attributes }) +
        options.actionWeight * f1({ ...actions, hits: hits.actions });
      return { weight: likeness + TIE_BREAK * share, ...hits };
    }),
  );
  const pairs = assign(cells.map((row) => row.map(({ weight }) => weight)));
  for (const [p, r] of pairs) {
    attributes.hits += cells[p]![r]!.attributes;
    actions.hits += cells[p]![r]!.actions;
  }
  return {
    score: options.attributeWeight * f1(attributes) + options.actionWeight * f1(actions),
    subjects: { hits: pairs.length, predicted: predicted.length, reference: reference.length },
    attributes,
    actions,
    pairs: pairs.map(([p, r]) => [p, r]),
  };
}

/** Harmonic mean of precision and recall: 1 when there was nothing to find and nothing was claimed, 0 without a hit. */
export function f1({ hits, predicted, reference }: ItemCounts): number {
  return predicted + reference === 0 ? 1 : (2 * hits) / (predicted + reference);
}

/** Every phrase that scoring these thoughts may compare. */
export function phrasesOf(thought: Thought): string[] {
  return thought.flatMap(({ subject, attributes, actions }) => [subject, ...attributes, ...actions]);
}

function countItems(predicted: Thought, reference: Thought, kind: 'attributes' | 'actions'): ItemCounts {
  const count = (thought: Thought) => thought.reduce((sum, subject) => sum + subject[kind].length, 0);
  return { hits: 0, predicted: count(predicted), reference: count(reference) };
}

function hitsAmong(
  mine: SubjectAnalysis['attributes'],
  theirs: SubjectAnalysis['attributes'],
  similarity: PhraseSimilarity,
  threshold: number,
): number {
  const weights = mine.map((item) =>
    theirs.map((other) => {
      const likeness = similarity(item, other);
      return likeness >= threshold && likeness > 0 ? likeness + TIE_BREAK : 0;
    }),
  );
  return assign(weights).length;
}
