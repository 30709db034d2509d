import { readMemo } from './run-memo.ts';
import { SweepMemo } from './sweep-input.ts';

/** The key in the store of a training run or a sweep, by its execution's memo; `undefined` of any other execution. */
export function runKeyInMemo(memo: unknown): string | undefined {
  return readMemo(memo)?.run ?? SweepMemo.safeParse(memo).data?.run;
}
