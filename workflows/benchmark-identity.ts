import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { type JudgeConfig, judgement } from '../judge/judge-config.ts';

/** Numbers of two policies can be compared where everything that they were measured with is the same. */
const HEX_DIGITS = 16;

/**
 * Names everything that a benchmark's number depends on, besides the policy: equal names, comparable numbers. It is
 * made of all that the stages of the benchmark are given, so that a field which a stage gains counts by itself:
 * whatever differs, though it need not matter, makes another benchmark. Of artifacts their content counts; of the judge
 * what its answers depend on, and not what it costs or how patiently it is asked.
 *
 * A hash in hexadecimal digits.
 */
export function benchmarkIdentity({ judge, ...given }: { judge: JudgeConfig } & Record<string, unknown>): string {
  const text = JSON.stringify(sorted({ ...given, judge: judgement(judge) }));
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, HEX_DIGITS);
}

/** With the fields of objects in alphabetical order, and artifacts as the hash of their content. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const artifact = ArtifactRef.safeParse(value);
  if (artifact.success) return artifact.data.sha256;
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)]));
}
