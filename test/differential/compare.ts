import type { Outcome } from './outcome.ts';

export interface Difference {
  /** Such as `grpo.steps[3].groups[0].completions[1].logProbs[7]`. */
  path: string;
  base: unknown;
  head: unknown;
}

export interface CompareOptions {
  /** HEAD's name of a metric, by base's, where it has another. */
  renamed?: Readonly<Record<string, string>>;
  /** How many of the judge's answers may be on their way when a worker dies, and are asked for again. */
  lostAtMost?: number;
}

/**
 * Metrics of HEAD that are called otherwise than base's. A metric of base that is neither here nor in HEAD is a
 * difference.
 */
export const RENAMED_METRICS: Readonly<Record<string, string>> = {};

/** Base's metrics that no two runs agree on: times, and what only counts a worker's death. */
const DISTURBED = /^time\/|PerSecond$|^judge\/(latencySeconds\/|repeated$)/;

/** Base's metrics that are compared, of those in a step or a benchmark. */
export function comparedMetrics(metrics: Record<string, number>): string[] {
  return Object.keys(metrics).filter((name) => !DISTURBED.test(name));
}

/**
 * Everything that differs in any bit, in the order in which the runs made it; of a list of numbers, where it begins to
 * differ. HEAD may have more metrics than base.
 */
export function differences(base: Outcome, head: Outcome, options: CompareOptions = {}): Difference[] {
  const { renamed = RENAMED_METRICS, lostAtMost = 0 } = options;
  return [
    ...differing('grpo', base.grpo, head.grpo, renamed),
    ...differing('sft', base.sft, head.sft, renamed),
    ...differentAnswers(base, head, lostAtMost),
  ];
}

function differing(path: string, base: unknown, head: unknown, renamed: CompareOptions['renamed'] = {}): Difference[] {
  if (Array.isArray(base) && Array.isArray(head)) {
    const common = Math.min(base.length, head.length);
    const within = base.slice(0, common).flatMap((item, i) => differing(`${path}[${i}]`, item, head[i], renamed));
    if (base.length !== head.length) within.push({ path: `${path}.length`, base: base.length, head: head.length });
    return base.every((item) => typeof item === 'object' && item !== null) ? within : within.slice(0, 1);
  }
  if (isObject(base) && isObject(head)) {
    const isMetrics = path.endsWith('.metrics');
    const names = isMetrics
      ? comparedMetrics(base as Record<string, number>)
      : [...new Set([...Object.keys(base), ...Object.keys(head)])];
    return names.flatMap((name) => {
      const other = isMetrics ? (renamed[name] ?? name) : name;
      return differing(isMetrics ? `${path}["${name}"]` : `${path}.${name}`, base[name], head[other], renamed);
    });
  }
  return Object.is(base, head) ? [] : [{ path, base, head }];
}

/** Both must have been asked the same, each once, and again only what may have been lost. */
function differentAnswers(base: Outcome, head: Outcome, lostAtMost: number): Difference[] {
  const onlyIn = (one: Outcome, other: Outcome) =>
    Object.keys(one.judge)
      .filter((body) => !(body in other.judge))
      .sort();
  const [lacking, extra] = [onlyIn(base, head), onlyIn(head, base)];
  const asked = Array.from({ length: Math.max(lacking.length, extra.length) }, (_, i) => ({
    path: `judge.asked[${i}]`,
    base: lacking[i],
    head: extra[i],
  }));
  if ([base, head].every((side) => answeredAgain(side) <= lostAtMost * side.deaths)) return asked;
  const uneven = Object.keys(base.judge).filter((body) => body in head.judge && head.judge[body] !== base.judge[body]);
  const answered = uneven.map((body) => ({
    path: `judge.answered ${body}`,
    base: base.judge[body],
    head: head.judge[body],
  }));
  return [...asked, ...answered];
}

/** How many answers were given more than once. */
export function answeredAgain({ judge }: Outcome): number {
  return Object.values(judge).reduce((sum, times) => sum + times - 1, 0);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
