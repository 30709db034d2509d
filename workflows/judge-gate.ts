import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { JudgeWaiting } from '../contracts/judge-waiting.ts';
import type { WaitedFor } from '../judge/client/patient-endpoint.ts';
import { Gate } from './gate.ts';
import { StoppedByUser } from './stopped-by-user.ts';

/**
 * Where a workflow waits for a person when the judge, or a custom reward, cannot continue: a wrong key, no quota, a
 * budget reached, an endpoint away for longer than its patience, code that has changed. What was answered is in the
 * ledger. A run that a user stopped does not wait for a judge that does not answer, either.
 */
export class JudgeGate extends Gate {
  #waiting: JudgeWaiting | undefined;
  /** Why the activities in flight were broken off, once they were. */
  #brokenOff: string | undefined;
  /** The activities in flight, with what each of them asks. */
  readonly #asking = new Map<CancellationScope, WaitedFor | undefined>();

  constructor() {
    super('judge', 'JudgeBlocked');
  }

  /** What the judge is waited for, and since when: for a person to repair it, or for it to answer again. */
  get waiting(): JudgeWaiting | undefined {
    return this.held ?? this.#waiting;
  }

  /** An activity waits for the judge, or does not any more. */
  waits(waiting: JudgeWaiting | null): void {
    this.#waiting = waiting ?? undefined;
    if (this.stopped) this.#breakOff();
    this.changed();
  }

  override stop(): void {
    super.stop();
    this.#breakOff();
  }

  /** Ends activities that wait for a judge that does not answer. */
  #breakOff(): void {
    if (!this.#waiting) return;
    this.#brokenOff ??= this.#waiting.why;
    for (const scope of this.#asking.keys()) scope.cancel();
  }

  override async hold(why: string, of?: WaitedFor): Promise<void> {
    this.#waitsNoMore(of);
    await super.hold(why, of);
  }

  /** @throws StoppedByUser where it was broken off. */
  protected override async attempt<T>(call: () => Promise<T>, of?: WaitedFor): Promise<T> {
    const scope = new CancellationScope();
    this.#asking.set(scope, of);
    try {
      return await scope.run(call);
    } catch (error) {
      const runIsCancelled = CancellationScope.current().consideredCancelled;
      if (this.#brokenOff === undefined || runIsCancelled || !isCancellation(error)) throw error;
      throw new StoppedByUser(this.#brokenOff, this.name);
    } finally {
      this.#asking.delete(scope);
      if (![...this.#asking.values()].some((other) => isJudge(other) === isJudge(of))) this.#waitsNoMore(of);
    }
  }

  /** What another activity waits for stays: with `rolloutLag: 1` rollouts and the judge are asked at the same time. */
  #waitsNoMore(of: WaitedFor | undefined): void {
    if (isJudge(this.#waiting?.of) === isJudge(of)) this.#waiting = undefined;
  }
}

/** Or else what writes texts: an endpoint that captions, or rollout servers, which write captions too. */
function isJudge(of: WaitedFor | undefined): boolean {
  return of === undefined || of === 'judge';
}
