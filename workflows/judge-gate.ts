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
  /** What activities have said that they wait for, by the id of each. */
  readonly #waiting = new Map<string, JudgeWaiting>();
  /** Why the activities in flight were broken off, once they were. */
  #brokenOff: string | undefined;
  /** The activities in flight, with what each of them asks. */
  readonly #asking = new Map<CancellationScope, WaitedFor | undefined>();

  constructor() {
    super('judge', 'JudgeBlocked');
  }

  /** What the judge is waited for, and since when: for a person to repair it, or for it to answer again. */
  get waiting(): JudgeWaiting | undefined {
    return this.waitings[0];
  }

  /** The same of all that is waited for, since several may be asked at the same time. */
  get waitings(): JudgeWaiting[] {
    const all = [...this.held, ...this.#waiting.values()];
    return all.filter((each) => each === all.find(({ of, why }) => of === each.of && why === each.why));
  }

  /** An activity waits for the judge, or does not any more. @param by its id. */
  waits(waiting: JudgeWaiting | null, by = ''): void {
    if (waiting) this.#waiting.set(by, waiting);
    else this.#waiting.delete(by);
    if (this.stopped) this.#breakOff();
    this.changed();
  }

  override stop(): void {
    super.stop();
    this.#breakOff();
  }

  /** Ends activities that wait for a judge that does not answer. */
  #breakOff(): void {
    const [first] = this.#waiting.values();
    if (!first) return;
    this.#brokenOff ??= first.why;
    for (const scope of this.#asking.keys()) scope.cancel();
  }

  override async hold(why: string, of?: WaitedFor, by?: string): Promise<void> {
    if (by !== undefined) this.#waiting.delete(by);
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
    for (const [by, waiting] of this.#waiting) if (isJudge(waiting.of) === isJudge(of)) this.#waiting.delete(by);
  }
}

/** Or else what writes texts: an endpoint that captions, or rollout servers, which write captions too. */
function isJudge(of: WaitedFor | undefined): boolean {
  return of === undefined || of === 'judge';
}
