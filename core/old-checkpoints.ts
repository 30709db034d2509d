/** What decides which checkpoints a run still needs. */
export interface Keeping {
  /** Checkpoints of its multiples stay, and a fork can start from them; 0: none do. */
  keepEvery: number;
  /** Checkpoints of these steps stay too: the last two of those that were the best when they were measured. */
  keep: readonly number[];
  /** The policies after its multiples become the reference policy; 0: none do. */
  refreshReferenceEvery: number;
  /** The step of the reference policy that the new step was made with. */
  referenceStep: number;
}

/**
 * The checkpoints that a run needs no longer once a step is made. It needs those of the last two steps, to continue
 * from when the last is damaged, and those that are kept; and of the reference policy of each of these steps the
 * weights. Asked after every step, in order, it names all that can go.
 * @returns the steps; the optimiser state of each can go, and the weights if `weights` is true.
 */
export function oldCheckpoints(step: number, keeping: Keeping): { step: number; weights: boolean }[] {
  const { keepEvery, keep, refreshReferenceEvery: every } = keeping;
  const isKept = (old: number) => (keepEvery > 0 && old % keepEvery === 0) || keep.includes(old);
  const [previous, last] = [step - 2, step - 1];
  const old = [];
  if (previous > 0 && !isKept(previous)) old.push({ step: previous, weights: !isReference(previous, step, keeping) });
  // A reference policy that no state needs any more. Its optimiser state went before, or it is kept.
  const replaced = last - every;
  if (every > 0 && last % every === 0 && replaced > 0 && replaced !== previous && !isReference(replaced, step, keeping))
    old.push({ step: replaced, weights: true });
  return old;
}

/**
 * Whether the policy after step `old` is the reference policy of a state that the run can still continue from. Once
 * `step` is the second after the last such state, one of them is in `keep` if any was the best: only one best can
 * follow.
 */
function isReference(
  old: number,
  step: number,
  { keepEvery, keep, refreshReferenceEvery: every, referenceStep }: Keeping,
): boolean {
  if (old === referenceStep) return true;
  if (every === 0 || old % every !== 0) return false;
  const lastWithIt = old + every - 1;
  if (lastWithIt >= step - 1) return true;
  if (keep.some((kept) => kept >= old && kept <= lastWithIt)) return true;
  return keepEvery > 0 && Math.floor(lastWithIt / keepEvery) * keepEvery >= old;
}
