import { describe, expect, it } from 'vitest';
import { MemoryWatch, measureTrees } from '../../../../cli/servers/peak-memory.ts';
import type { Process } from '../../../../cli/servers/process-table.ts';

const process_ = (pid: number, parent: number): Process => ({ pid, parent, group: 1, started: '', residentBytes: pid });

describe('measureTrees', () => {
  it('adds up each tree, and counts no process twice', () => {
    const processes = [process_(1, 0), process_(10, 1), process_(11, 10), process_(20, 10), process_(30, 1)];
    const trees = measureTrees({ workers: 20, command: 10, gone: 99 }, processes, ({ residentBytes }) => residentBytes);
    expect(trees).toEqual({ bytes: 41, trees: { workers: 20, command: 21, gone: 0 } });
  });
});

describe('MemoryWatch', () => {
  it('keeps the highest sum it saw', async () => {
    const watch = new MemoryWatch(async () => ({ test: process.pid }));
    await watch.look();
    const peak = watch.stop();
    expect(peak.bytes).toBeGreaterThan(10_000_000);
    expect(peak.trees).toEqual({ test: peak.bytes });
  });
});
