import type { z } from 'zod';
import { UpdatePolicyOutput } from '../contracts/policy.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';

/**
 * Steps that a run has made and left behind, as a run finds them that a user reset to an earlier event: their
 * checkpoints were removed when later steps were made.
 */
export class PassedSteps {
  readonly #store: ArtifactStore;
  /** By run: a step whose checkpoint was found whole, after steps whose updates are all recorded. */
  readonly #whole = new Map<string, number>();

  constructor(store: ArtifactStore) {
    this.#store = store;
  }

  /** What the update of a step gave whose checkpoint was removed, if the run can continue from a later one. */
  async output(runKey: string, step: number): Promise<z.infer<typeof UpdatePolicyOutput> | undefined> {
    const output = await this.#recorded(runKey, step);
    const isThere = async (kind: 'checkpointWeights' | 'recipe') =>
      (await this.#store.storage.getRef(keyOf(kind, { runKey, step }))) !== undefined;
    if (!output || (await isThere('checkpointWeights')) || (await isThere('recipe'))) return undefined;
    return step < (await this.#wholeAfter(runKey, step)) ? output : undefined;
  }

  async #wholeAfter(runKey: string, step: number): Promise<number> {
    const known = this.#whole.get(runKey) ?? step;
    if (known > step) return known;
    for (let later = step + 1; ; later++) {
      const output = await this.#recorded(runKey, later);
      if (!output) return step;
      if (await this.#store.firstDamaged(output.policy)) continue;
      this.#whole.set(runKey, later);
      return later;
    }
  }

  async #recorded(runKey: string, step: number): Promise<z.infer<typeof UpdatePolicyOutput> | undefined> {
    const read = async () => {
      const ref = await this.#store.find(keyOf('update', { runKey, step }));
      return ref && this.#store.readJson(ref, UpdatePolicyOutput);
    };
    return unlessDamaged(read());
  }
}
