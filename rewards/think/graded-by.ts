import type { RewardConfig } from '../registry.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';

/** What compares the phrases of each component that compares phrases. */
export function measureOf({ think }: Pick<RewardConfig, 'think'>): Record<'think' | 'embedding', string> {
  return {
    think: think.similarity === 'token-f1' ? 'common words (token-f1)' : EMBEDDING_MODEL.name,
    embedding: EMBEDDING_MODEL.name,
  };
}

const TITLES = { think: 'think score', embedding: 'embedding similarity' } as const;

/**
 * What graded the texts of a benchmark, a sentence for each component that compares phrases: `think score: compared by
 * bge-small-en, 40 % of texts by characters, which it cannot read`.
 * @param metrics of the benchmark, in points.
 */
export function gradedBy(reward: Pick<RewardConfig, 'think'>, metrics: Readonly<Record<string, number>>): string[] {
  const measures = measureOf(reward);
  return (['think', 'embedding'] as const).flatMap((name) => {
    if (metrics[name] === undefined) return [];
    const points = metrics[`${name}/byCharacters`];
    const unread = points === undefined ? '' : `, ${points.toFixed(0)} % of texts by characters, which it cannot read`;
    return [`${TITLES[name]}: compared by ${measures[name]}${unread}`];
  });
}
