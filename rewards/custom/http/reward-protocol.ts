import { z } from 'zod';
import type { CustomAnswer, CustomGroup } from '../../component.ts';
import { rewardedGroup } from '../reward-function.ts';

/** Bytes of a server's answer: far more than the scores of a group take. */
export const LONGEST_ANSWER = 2 ** 20;

/** What a reward server is sent: the completions of one sample. */
export function requestBody(name: string, group: CustomGroup): string {
  return JSON.stringify({ reward: name, ...rewardedGroup(group) });
}

/** What it answers: a number for each completion, in their order; `null` or an error where it cannot score one. */
const ServerAnswer = z.object({
  scores: z.array(z.union([z.number(), z.null(), z.object({ error: z.string() })])),
});

/** A server's answers for `count` completions. One that cannot be used makes all of them unscorable. Never throws. */
export function readServerAnswer(text: string, count: number): CustomAnswer[] {
  const all = (error: string) => Array.from({ length: count }, () => ({ error }));
  const json = parsedJson(text);
  if (json === undefined) return all('the answer of its server is not JSON, in which there is no NaN, for example');
  const read = ServerAnswer.safeParse(json);
  if (!read.success)
    return all('the answer of its server must be {"scores": [...]}, each a number, null or {"error": "..."}');
  const { scores } = read.data;
  if (scores.length !== count) return all(`its server gave ${scores.length} scores for ${count} completions`);
  return scores.map((score) => {
    if (score === null) return { error: 'it gave no score' };
    return typeof score === 'number' ? { value: score } : { error: score.error };
  });
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
