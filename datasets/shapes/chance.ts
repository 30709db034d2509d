import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { type RandomPath, seedAt } from '../../core/random.ts';

/** Many draws for one path: a stream of numbers that depends only on seed and path. */
export interface Chance {
  /** In [0, 1). */
  uniform(): number;
  /** In [low, high). */
  between(low: number, high: number): number;
  /** True with probability p. */
  happens(p: number): boolean;
  /** One of the items, all equally likely. */
  pick<T>(items: readonly T[]): T;
  /** `count` different items in random order. */
  pickSome<T>(items: readonly T[], count: number): T[];
}

export function chanceAt(seed: number, path: RandomPath): Chance {
  const generator = xoroshiro128plus(seedAt(seed, path));
  const uniform = () => uniformFloat64(generator);
  const below = (count: number) => Math.floor(uniform() * count);
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    happens: (p) => uniform() < p,
    pick: (items) => items[below(items.length)]!,
    pickSome: (items, count) => {
      const rest = [...items];
      return Array.from({ length: Math.min(count, items.length) }, () => rest.splice(below(rest.length), 1)[0]!);
    },
  };
}
