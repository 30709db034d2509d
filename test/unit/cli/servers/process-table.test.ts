import { describe, expect, it } from 'vitest';
import { listProcesses, parsePs, parseStat, readProcess } from '../../../../cli/servers/process-table.ts';

describe('parseStat', () => {
  it('reads a line of /proc/<pid>/stat, whatever the program is called', () => {
    const tail = 'S 10 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 11 0 421628 1000000 250 18446744073709551615 1';
    expect(parseStat(`42 (a (strange) name) ${tail}`)).toEqual({ pid: 42, group: 42, started: '421628' });
  });

  it('does not count a zombie as running', () => {
    expect(parseStat('42 (gone) Z 10 42 42 0')).toBeUndefined();
  });
});

describe('parsePs', () => {
  it('reads the columns of ps, without zombies', () => {
    const text = [
      '    1     1 Ss   Tue Nov 24 11:31:02 2026    ',
      '   42    42 S+   Tue Nov 24 12:00:00 2026    ',
      '   43    42 Z    Tue Nov 24 12:00:01 2026    ',
      '',
    ].join('\n');
    expect(parsePs(text)).toEqual([
      { pid: 1, group: 1, started: 'Tue Nov 24 11:31:02 2026' },
      { pid: 42, group: 42, started: 'Tue Nov 24 12:00:00 2026' },
    ]);
  });
});

describe('the running system', () => {
  it('lists this process', () => {
    const self = readProcess(process.pid)!;
    expect(self).toMatchObject({ pid: process.pid });
    expect(listProcesses().find(({ pid }) => pid === process.pid)?.started).toBe(self.started);
  });

  it('knows no process with an impossible id', () => {
    expect(readProcess(2 ** 22 + 1)).toBeUndefined();
  });
});
