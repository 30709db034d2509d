import { describe, expect, it } from 'vitest';
import { type Company, SideBySide } from '../../../workers/side-by-side.ts';

/** Attempts of one process, by name, and which of them compute now. */
function processOf() {
  const sideBySide = new SideBySide();
  const computing = new Map<string, () => void>();
  const queued: string[] = [];
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const begin = async (name: string, company: Company, signal = new AbortController().signal) => {
    const entered = sideBySide.enter(company, signal, () => queued.push(name));
    entered.then(
      (leave) => computing.set(name, leave),
      () => undefined,
    );
    await settle();
    return entered;
  };
  const end = async (name: string) => {
    computing.get(name)!();
    computing.delete(name);
    await settle();
  };
  const start = (name: string, company: Company, signal?: AbortSignal) => {
    const entered = begin(name, company, signal);
    entered.catch(() => undefined);
    return settle().then(settle);
  };
  return { start, begin, end, queued, names: () => [...computing.keys()] };
}

describe('attempts of a process', () => {
  it('compute side by side', async () => {
    const { start, names, queued } = processOf();
    for (const name of ['a', 'b', 'c']) await start(name, 'beside');
    expect([names(), queued]).toEqual([['a', 'b', 'c'], []]);
  });

  it('let one that must be alone wait for them, and wait for it in turn', async () => {
    const { start, end, names, queued } = processOf();
    await start('a', 'beside');
    await start('suspect', 'alone');
    await start('b', 'beside');
    expect([names(), queued]).toEqual([['a'], ['suspect', 'b']]);
    await end('a');
    expect(names()).toEqual(['suspect']);
    await start('other suspect', 'alone');
    await end('suspect');
    expect(names()).toEqual(['b']);
    await end('b');
    expect(names()).toEqual(['other suspect']);
    await end('other suspect');
    await start('c', 'beside');
    expect(names()).toEqual(['c']);
  });

  it('leave the line when they are cancelled, and hold up none behind them', async () => {
    const { start, begin, names } = processOf();
    const cancelled = new AbortController();
    await start('a', 'beside');
    const suspect = begin('suspect', 'alone', cancelled.signal);
    await start('b', 'beside');
    expect(names()).toEqual(['a']);
    cancelled.abort(new Error('cancelled'));
    await expect(suspect).rejects.toThrow('cancelled');
    expect(names()).toEqual(['a', 'b']);
    await expect(begin('late', 'beside', cancelled.signal)).rejects.toThrow('cancelled');
  });
});
