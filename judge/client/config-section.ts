import { z } from 'zod';
import { JudgeError } from './judge-error.ts';
import type { LlmClient } from './llm-client.ts';

/** Where a config has its judges: the run's, and a separate one for benchmarks. */
export const JudgeSection = z.enum(['judge', 'benchmark.judge']);
export type JudgeSection = z.infer<typeof JudgeSection>;

/** Names of fields such as `judge.baseUrl`; not those of hosts (`http://judge.test`) and models (`"judge.v2"`). */
const FIELD = /(?<![\w./@"-])judge\.(?=[a-z])/g;

/** The error with its fields named as the config has them. */
export function named(section: JudgeSection, error: unknown): unknown {
  if (section === 'judge' || !(error instanceof JudgeError)) return error;
  const { fault } = error;
  const rename = (text: string) => text.replaceAll(FIELD, `${section}.`);
  return new JudgeError({
    ...fault,
    sentence: rename(fault.sentence),
    ...(fault.kind === 'blocked' && { remedy: rename(fault.remedy) }),
  });
}

/** A client whose faults name the fields of a section. */
export function ofSection(section: JudgeSection, client: LlmClient): LlmClient {
  if (section === 'judge') return client;
  return {
    name: client.name,
    get usage() {
      return client.usage;
    },
    get answeredBy() {
      return client.answeredBy;
    },
    ask: (question, signal) =>
      client.ask(question, signal).catch((error: unknown) => {
        throw named(section, error);
      }),
  };
}
