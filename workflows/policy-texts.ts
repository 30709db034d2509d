import type { ExperimentConfig } from '../configs/schema.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { WaitedFor } from '../judge/client/patient-endpoint.ts';
import type { Gate } from './gate.ts';
import type { JudgeGate } from './judge-gate.ts';
import { divergedPolicy } from './not-finite.ts';

/** The policy that writes texts, and where the run waits for what writes them. */
interface Writer {
  config: ExperimentConfig;
  policy: PolicyRef;
  divergence: Gate;
  gate: JudgeGate;
  /** The servers that write in place of the engine, where it has some. */
  of: WaitedFor;
}

/**
 * Calls an activity by which a policy writes texts. Servers are waited for inside, and a person's decision about a
 * policy without usable numbers outside: a run that waits for the person shows no server that it waited for before.
 */
export function writtenBy<T>({ config, policy, divergence, gate, of }: Writer, call: () => Promise<T>): Promise<T> {
  return divergence.through(() => gate.through(call, { of }), {
    explain: (sentence) => divergedPolicy(config, policy.step, sentence),
  });
}
