import type { Completion } from '../core/completion.ts';
import type { Sample } from '../core/sample.ts';
import { sha256 } from '../core/sha256.ts';
import type { Judge } from '../judge/judge.ts';
import type { AnsweredQuestion } from '../judge/ledger/answered-questions.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import { judgedComponents } from '../rewards/registry.ts';
import type { Span } from './otlp.ts';

/** Of a trace: a completion's questions, each with its answers. */
const MOST_REQUESTS = 50;

/** A completion and where it was sampled. */
export interface JudgedCompletion {
  step: number;
  round: number;
  sample: Sample;
  /** Its place in its group. */
  index: number;
  groupSize: number;
  completion: Pick<Completion, 'parsed' | 'tokenIds'>;
}

/** Asks `judge` what a run has asked about one completion, in every component that the judge decides. */
export async function judgeAgain(
  judge: Judge,
  { step, round, sample, index, groupSize, completion }: JudgedCompletion,
  { reward, seed }: { reward: RewardConfig; seed: number },
): Promise<void> {
  // The judge is not asked about a completion without a caption. What is drawn for one depends on its place.
  const others = { wellFormed: false, tokens: 0 };
  const own = { ...completion.parsed, tokens: completion.tokenIds.length };
  const completions = Array.from({ length: groupSize }, (_, i) => (i === index ? own : others));
  const tools = { judge, random: { seed, path: [step, round] }, onScored: () => undefined };
  for (const { score } of judgedComponents(reward)) await score({ sample, completions }, tools);
}

/** What a trace shows of a completion besides its questions. */
export interface Verdict {
  id: string;
  completion: string;
  reference: string;
  reward: number | null;
  scores: Readonly<Record<string, number | null>>;
}

/** The trace of a completion: the same however often it is sent. @param run of MLflow. */
export function traceId(run: string, { id }: Pick<Verdict, 'id'>): string {
  return sha256(`${run} ${id}`).slice(0, 32);
}

/**
 * A completion's verdict as a trace: a span for the verdict, and below it one for each request that the judge has
 * answered, one after the other, with the times that they took. They end when the step's record says.
 * @param endTime milliseconds since the epoch.
 */
export function traceOf(run: string, verdict: Verdict, asked: readonly AnsweredQuestion[], endTime: number): Span[] {
  const trace = traceId(run, verdict);
  const spanId = (name: string) => sha256(`${trace} ${name}`).slice(0, 16);
  const all = asked.flatMap(({ key, entry }) => entry.attempts.map((attempt, i) => ({ key, entry, attempt, i })));
  const requests = all.slice(0, MOST_REQUESTS);
  const milliseconds = (seconds: number) => Math.round(1000 * seconds);
  const total = requests.reduce((sum, { attempt }) => sum + milliseconds(attempt.seconds), 0);
  const root = spanId('verdict');
  let at = endTime - total;
  const { id, completion, reference, reward, scores } = verdict;
  return [
    {
      ...{ traceId: trace, spanId: root, name: `verdict of ${id}`, type: 'CHAIN', start: at, end: endTime },
      inputs: { completion, reference },
      outputs: { reward, ...scores },
    },
    ...requests.map(({ key, entry, attempt, i }): Span => {
      const start = at;
      at += milliseconds(attempt.seconds);
      return {
        ...{ traceId: trace, spanId: spanId(`${key} ${i}`), parentSpanId: root, name: entry.prompt, type: 'LLM' },
        ...{ start, end: at },
        inputs: entry.question,
        outputs: attempt.text,
        more: {
          'videocap.ledger': key,
          'videocap.model': String(entry.asked.model ?? ''),
          'videocap.finishReason': attempt.finishReason,
          'videocap.tokens': `${attempt.inputTokens} + ${attempt.outputTokens}`,
        },
      };
    }),
  ];
}
