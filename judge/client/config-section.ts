import { z } from 'zod';
import { JudgeError } from './judge-error.ts';
import type { LlmClient } from './llm-client.ts';
import type { OutageClock } from './patient-endpoint.ts';

/** Where a config has its judges: the run's, and a separate one for benchmarks. */
export const JudgeSection = z.enum(['judge', 'benchmark.judge']);
export type JudgeSection = z.infer<typeof JudgeSection>;

/** Where a config has a language model: a judge, or a captioner. Its sentences are worded for `judge`. */
export type ModelSection = JudgeSection | 'policy.engine';

/** Names of fields such as `judge.baseUrl`; not those of hosts (`http://judge.test`) and models (`"judge.v2"`). */
const FIELD = /(?<![\w./@"-])judge\.([a-z]\w*)/g;

/** Fields of a captioner that lie elsewhere than the rest. */
const CAPTIONER_FIELDS: Readonly<Record<string, string>> = {
  model: 'policy.model',
  maxTokens: 'benchmark.maxNewTokens',
};

/** A sentence about a judge, of the model that a section has. */
export function reworded(section: ModelSection, sentence: string): string {
  if (section !== 'policy.engine') return section === 'judge' ? sentence : sentence.replaceAll(FIELD, `${section}.$1`);
  return sentence
    .replaceAll(FIELD, (_, field: string) => CAPTIONER_FIELDS[field] ?? `${section}.${field}`)
    .replaceAll(/\b(the|The) judge\b/g, '$1 captioner')
    .replaceAll(/\bthe question\b/g, 'the request')
    .replaceAll(/\bthis question\b/g, 'this clip')
    .replaceAll(/\bThe run's judge\b/g, "The run's captioner")
    .replaceAll(/\bquestions to its judge\b/g, 'requests to its captioner');
}

/** The error with its model and its fields named as the config has them. */
export function named(section: ModelSection, error: unknown): unknown {
  if (section === 'judge' || !(error instanceof JudgeError)) return error;
  const { fault } = error;
  return new JudgeError({
    ...fault,
    sentence: reworded(section, fault.sentence),
    ...(fault.kind === 'blocked' && { remedy: reworded(section, fault.remedy) }),
  });
}

/** A client whose faults name the model and the fields of a section. */
export function ofSection(section: ModelSection, client: LlmClient): LlmClient {
  if (section === 'judge') return client;
  return {
    name: client.name,
    get usage() {
      return client.usage;
    },
    get answeredBy() {
      return client.answeredBy;
    },
    async ask(question, signal) {
      try {
        const outcome = await client.ask(question, signal);
        return 'unscorable' in outcome ? { ...outcome, reason: reworded(section, outcome.reason) } : outcome;
      } catch (error) {
        throw named(section, error);
      }
    },
  };
}

/** A clock whose reasons for a wait name the model and the fields of a section. */
export function clockOf(section: ModelSection, clock: OutageClock): OutageClock {
  return {
    since: () => clock.since(),
    answered: () => clock.answered(),
    failed: (why) => clock.failed?.(reworded(section, why), section === 'policy.engine' ? 'captioner' : 'judge'),
  };
}
