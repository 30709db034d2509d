import { readFile } from 'node:fs/promises';
import { isRecipe } from '../../../activities/policy-files.ts';
import { readRecords } from '../../../contracts/read-records.ts';
import { Recipe } from '../../../contracts/recipe.ts';
import type { Played } from './world.ts';

/** What must be equal however a run was disturbed. */
export interface Outcome {
  /** The hash of the file, or of a checkpoint with a recipe its digest: the recipe itself names its run. */
  weights: string;
  optimizer: string | undefined;
  /** Every metric of every step, but times. */
  series: Record<string, number>[];
  base: Record<string, number>;
  trained: Record<string, number>;
  /** What MLflow has of them: metric, step, value, however often. */
  points: string[];
  /** The report's words and numbers, but names and times. */
  report: string;
  /** Questions answered by the endpoint. */
  questions: string[];
}

/** Times, and what only counts the disturbance itself. */
const DISTURBED = /^time\/|PerSecond$|^judge\/(latencySeconds\/|repeated$)/;

type Ended = Pick<Played, 'summary' | 'store' | 'answered' | 'points'>;

export async function outcomeOf({ summary, store, answered, points }: Ended): Promise<Outcome> {
  const { policy, base, trained, steps, runKey, report } = summary;
  const records = await readRecords(store, runKey, 0, steps);
  const html = await readFile(await store.localCopy(report), 'utf8');
  return {
    weights: isRecipe(policy) ? (await store.readJson(policy.weights, Recipe)).digest : policy.weights.sha256,
    optimizer: policy.optimizer?.sha256,
    series: records.map(({ metrics }) =>
      Object.fromEntries(Object.entries(metrics).filter(([name]) => !DISTURBED.test(name))),
    ),
    points: points.filter(({ key }) => !DISTURBED.test(key)).map(({ key, step, value }) => `${key} ${step} ${value}`),
    base: base.metrics,
    trained: trained.metrics,
    report: wordsOf(html),
    questions: [...answered.keys()].sort(),
  };
}

/** The report without markup, pictures, links, and what the run alone is: its name, command and times. */
function wordsOf(html: string): string {
  return html
    .replace(/<section aria-labelledby="made-with"[\s\S]*?<\/section>/, '')
    .replaceAll(/<(style|script|svg|figure|a)\b[\s\S]*?<\/\1>/g, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/baseUrl: \S+/g, '')
    .replace(/(\d+ steps) in .*? (?=policy )/, '$1 ');
}

/** What differs, with the place where it begins to. */
export function differences(calm: Outcome, struck: Outcome): string[] {
  return (Object.keys(calm) as (keyof Outcome)[]).flatMap((name) => {
    const [a, b] = [JSON.stringify(calm[name]), JSON.stringify(struck[name])];
    if (a === b) return [];
    let at = 0;
    while (a[at] === b[at]) at++;
    const around = (text: string) => text.slice(Math.max(0, at - 40), at + 40);
    return [`${name}: "${around(b)}" where the undisturbed run has "${around(a)}"`];
  });
}

/** Keys under which the same content always lies: storing it again is no work done again. */
const BY_CONTENT = /[0-9a-f]{64}/;

/** Artifacts that began to be made again, or were stored again, after they had been stored. */
export function madeTwice({ journal }: Played): string[] {
  const stored = new Set<string>();
  const again = new Set<string>();
  for (const line of journal) {
    const [what, key] = line.split(' ') as [string, string];
    if (stored.has(key) && !BY_CONTENT.test(key)) again.add(key);
    if (what === 'put') stored.add(key);
  }
  return [...again];
}

/** How many answers of the endpoint were given again: paid for, and lost before they were stored. */
export function paidAgain({ answered }: Pick<Played, 'answered'>): number {
  return [...answered.values()].reduce((sum, times) => sum + times - 1, 0);
}
