import { expect, test } from 'vitest';
import { OneAtATime } from '../../../workflows/one-at-a-time.ts';

/** Work that begins, and ends when it is told to. */
function working(queue: OneAtATime, log: string[]) {
  const ends = new Map<string, (error?: Error) => void>();
  return {
    begin: (name: string, rank?: number) =>
      queue.run(async () => {
        log.push(name);
        await new Promise<void>((resolve, reject) => {
          ends.set(name, (error) => (error ? reject(error) : resolve()));
        });
        return name;
      }, rank),
    end: async (name: string, error?: Error) => {
      ends.get(name)!(error);
      await new Promise(setImmediate);
    },
  };
}

test('begins at once where nothing is done, else in the order of asking, whatever came of the one before', async () => {
  const log: string[] = [];
  const { begin, end } = working(new OneAtATime(), log);
  const all = ['a', 'b', 'c'].map((name) => begin(name));
  expect(log).toEqual(['a']);
  const fails = expect(all[0]).rejects.toThrow('no');
  await end('a', new Error('no'));
  await fails;
  expect(log).toEqual(['a', 'b']);
  await end('b');
  await end('c');
  expect(await Promise.all(all.slice(1))).toEqual(['b', 'c']);
  begin('d');
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

test('of those that wait, one of the lowest rank is next', async () => {
  const log: string[] = [];
  const { begin, end } = working(new OneAtATime(), log);
  begin('step 2 a', 2);
  begin('step 2 b', 2);
  begin('step 1 a', 1);
  begin('step 1 b', 1);
  for (const name of ['step 2 a', 'step 1 a', 'step 1 b', 'step 2 b']) await end(name);
  expect(log).toEqual(['step 2 a', 'step 1 a', 'step 1 b', 'step 2 b']);
});
