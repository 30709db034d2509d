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
 * For the policies after two steps in a row, the step of the checkpoint with files that each is, or is rebuilt from by
 * recipes. What is a reference policy has files.
 */
export interface Roots {
  previous: number;
  last: number;
}

/** A checkpoint whose optimiser state can go; its weights if `weights` is true, and the recipes of some steps. */
export interface OldCheckpoint {
  step: number;
  weights: boolean;
  recipes: number[];
}

/**
 * The checkpoints that a run needs no longer once a step is made. It needs those of the last two steps, to continue
 * from when the last is damaged, and those that are kept; of each the checkpoint that it is rebuilt from; and of the
 * reference policy of each the weights. Asked after every step, in order, it names all that can go.
 * @param roots of the two steps before.
 */
export function oldCheckpoints(
  step: number,
  keeping: Keeping,
  roots: Roots = { previous: step - 2, last: step - 1 },
): OldCheckpoint[] {
  const { keepEvery, keep, refreshReferenceEvery: every } = keeping;
  const isKept = (old: number) => (keepEvery > 0 && old % keepEvery === 0) || keep.includes(old);
  const [previous, last, root] = [step - 2, step - 1, roots.previous];
  const old: OldCheckpoint[] = [];
  const rebuilt = Array.from({ length: Math.max(0, previous - root) }, (_, i) => root + 1 + i);
  if (previous > 0 && root !== roots.last && ![root, ...rebuilt].some(isKept))
    old.push({ step: root, weights: !isReference(root, step, keeping), recipes: rebuilt });
  // A reference policy that no state needs any more. Its optimiser state went before, or it is kept.
  const replaced = last - every;
  if (every > 0 && last % every === 0 && replaced > 0 && replaced !== root && !isReference(replaced, step, keeping))
    old.push({ step: replaced, weights: true, recipes: [] });
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
