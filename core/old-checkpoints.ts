/** What decides which checkpoints a run still needs. */
export interface Keeping {
  /** Checkpoints of its multiples stay, and a fork can start from them; 0: none do. */
  keepEvery: number;
  /** The policies after its multiples become the reference policy; 0: none do. */
  refreshReferenceEvery: number;
  /** The step of the reference policy that the new step was made with. */
  referenceStep: number;
}

/**
 * The checkpoints that a run needs no longer once a step is made. It needs those of the last two steps, to go on from
 * when the last is damaged, and those that `keepEvery` keeps; and of the reference policy of each of these steps the
 * weights. Asked after every step, in order, it names all that can go.
 * @returns the steps; the optimiser state of each can go, and the weights where it says so.
 */
export function oldCheckpoints(step: number, keeping: Keeping): { step: number; weights: boolean }[] {
  const { keepEvery, refreshReferenceEvery: every } = keeping;
  const last = step - 1;
  const candidates = new Set([step - 2, ...(every > 0 && last % every === 0 ? [last - every] : [])]);
  return [...candidates]
    .filter((old) => old > 0 && !(keepEvery > 0 && old % keepEvery === 0))
    .map((old) => ({ step: old, weights: !isReference(old, step, keeping) }));
}

/** Whether the policy after step `old` is the reference policy of a state that the run can still go on from. */
function isReference(old: number, step: number, { keepEvery, refreshReferenceEvery, referenceStep }: Keeping): boolean {
  if (old === referenceStep) return true;
  if (refreshReferenceEvery === 0 || old % refreshReferenceEvery !== 0) return false;
  const lastWithIt = old + refreshReferenceEvery - 1;
  if (lastWithIt >= step - 1) return true;
  return keepEvery > 0 && Math.floor(lastWithIt / keepEvery) * keepEvery >= old;
}
