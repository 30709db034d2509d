/**
 * - `away`: no answer, or one that says that the server cannot work now. It may come back.
 * - `otherPolicy`: the server has not, or no longer, the policy that it was given. It is given it again.
 * - `refused`: the server answers, and what it answers cannot be trained on. A person must look.
 */
type FaultKind = 'away' | 'otherPolicy' | 'refused';

/** What is wrong with a rollout server: a sentence that names it, without a full stop. */
export class RolloutFault extends Error {
  override readonly name = 'RolloutFault';
  readonly kind: FaultKind;

  constructor(kind: FaultKind, sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.kind = kind;
  }
}
