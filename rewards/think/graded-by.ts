import type { RewardConfig } from '../registry.ts';
import { embeddingModelName } from './embedding-config.ts';
import { EMBEDDING_MODEL } from './embedding-model.ts';

type Compared = Pick<RewardConfig, 'think' | 'embeddingModel'>;

/** What compares the phrases of each component that compares phrases. */
export function measureOf({ think, embeddingModel }: Compared): Record<'think' | 'embedding', string> {
  const model = embeddingModel ? embeddingModelName(embeddingModel) : EMBEDDING_MODEL.name;
  return { think: think.similarity === 'token-f1' ? 'common words (token-f1)' : model, embedding: model };
}

const TITLES = { think: 'think score', embedding: 'embedding similarity' } as const;

/**
 * What graded the texts of a benchmark, a sentence for each component that compares phrases: `think score: compared by
 * bge-small-en, 40 % of texts by characters, which it cannot read`.
 * @param metrics of the benchmark, in points.
 */
export function gradedBy(reward: Compared, metrics: Readonly<Record<string, number>>): string[] {
  const measures = measureOf(reward);
  return (['think', 'embedding'] as const).flatMap((name) => {
    if (metrics[name] === undefined) return [];
    const points = metrics[`${name}/byCharacters`];
    const unread = points === undefined ? '' : `, ${points.toFixed(0)} % of texts by characters, which it cannot read`;
    return [`${TITLES[name]}: compared by ${measures[name]}${unread}`];
  });
}
