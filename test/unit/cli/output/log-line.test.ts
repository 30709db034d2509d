import { describe, expect, it } from 'vitest';
import { isAbout, logLine } from '../../../../cli/output/log-line.ts';

const LINE = JSON.stringify({
  ...{ level: 40, time: Date.UTC(2026, 10, 24, 12, 0, 5), pid: 7, hostname: 'h', taskToken: 'x', attempt: 2 },
  ...{ activityType: 'loadPolicy', workflowId: 'my-run', taskQueue: 'policy-onnx' },
  ...{ err: { message: 'No such model.\nmore', stack: 'Error\n at x' }, msg: 'Activity failed' },
});

describe('logLine', () => {
  it('shows when, how bad, what, where and why, without stack and tokens', () => {
    expect(logLine(LINE)).toBe(
      '2026-11-24 12:00:05 WARN  Activity failed (loadPolicy, attempt 2, my-run, queue policy-onnx) - No such model.',
    );
  });

  it.each(['--- The workers started', '{"ready":true}', '{"level":30,"ti'])('leaves %s as it is', (line) => {
    expect(logLine(line)).toBe(line);
  });
});

it('isAbout: a line is about the run whose id it has, and no other', () => {
  expect([isAbout(LINE, 'my-run'), isAbout(LINE, 'my'), isAbout('my-run', 'my-run')]).toEqual([true, false, false]);
});
