import { mean } from '../core/statistics.ts';

/**
 * How many captions of different samples differ, from 0 (every sample gets the same) to 1 (no two samples get the
 * same). At every place in a group the captions of all samples there are compared, as the captions of a benchmark are;
 * the result is the mean over places. Completions of one sample are not compared with each other: a policy that is sure
 * of what it sees has not collapsed.
 * @param groups `[samples][completions]`; completions without a caption count as equal.
 * @returns `undefined` for fewer than two samples.
 */
export function distinctCaptions(groups: readonly (readonly (string | undefined)[])[]): number | undefined {
  const places = Math.max(0, ...groups.map((group) => group.length));
  const shares = Array.from({ length: places }, (_, place) => {
    const captions = groups.filter((group) => place < group.length).map((group) => (group[place] ?? '').trim());
    return captions.length < 2 ? undefined : (new Set(captions).size - 1) / (captions.length - 1);
  }).filter((share) => share !== undefined);
  return shares.length === 0 ? undefined : mean(shares);
}
