import { describe, expect, it } from 'vitest';
import { afterResume } from '../../../../cli/run/after-resume.ts';
import type { RunStatus } from '../../../../contracts/run-status.ts';
import { naming } from '../../../refusal.ts';

const status = (change: Partial<RunStatus> = {}): RunStatus => ({
  ...{ stage: 'scoring', step: 2, totalSteps: 6, paused: false, evaluations: [] },
  ...change,
});
const BLOCKED = 'The environment variable JUDGE_API_KEY (judge.apiKeyEnv) is not set: ...';
/** Gives these, one a look; the last again and again. */
const looks =
  (...each: (RunStatus | undefined)[]) =>
  async () =>
    each.length > 1 ? each.shift() : each[0];

describe('afterResume', () => {
  it('tells how far a run is that goes on', async () => {
    const paused = status({ paused: true });
    const { lines, waitsAgain } = await afterResume('r', paused, looks(paused, status()));
    expect({ lines, waitsAgain }).toEqual({ lines: ['Run r continues: step 2/6'], waitsAgain: false });
  });

  it('tells that a run did not wait', async () => {
    expect((await afterResume('r', status(), looks(status()))).lines).toEqual([
      naming('Run r did not wait', 'step 2/6'),
    ]);
  });

  it('tells that a run waits again for the same, and how a key gets to the workers', async () => {
    const blocked = status({ blocked: BLOCKED });
    const { lines, waitsAgain } = await afterResume('r', blocked, looks(status(), blocked));
    expect(waitsAgain).toBe(true);
    expect(lines.join('\n')).toEqual(naming(BLOCKED, 'export JUDGE_API_KEY=', 'videocap up', 'videocap resume r'));
  });

  it('is sure that a run which met a fault goes on once it has made a step', async () => {
    const { lines } = await afterResume('r', status({ died: 'It died.' }), looks(status(), status({ step: 3 })));
    expect(lines).toEqual(['Run r continues: step 3/6']);
  });

  it('tells that no worker answers', async () => {
    expect((await afterResume('r', undefined, looks(undefined))).lines).toEqual([naming('No worker', 'videocap up')]);
  });
});
