/** Samples that a sentence names; of more it says how many. */
const MOST_NAMED = 4;

/** `sample a`, or `samples a, b, c, d and 3 more`. @param samples at least one. */
export function sampleNames(samples: readonly string[]): string {
  const named = samples.slice(0, MOST_NAMED).join(', ');
  const more = samples.length > MOST_NAMED ? ` and ${samples.length - MOST_NAMED} more` : '';
  return `${samples.length === 1 ? 'sample' : 'samples'} ${named}${more}`;
}
