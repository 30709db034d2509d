import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOf } from '../../../core/store-layout.ts';
import { lineNaming, naming } from '../../refusal.ts';
import { type Ended, ScriptedWorld } from './scripted-world.ts';

let world: ScriptedWorld;
/** What is said about a run that has no worker, which takes its time. */
let unanswered: Promise<Ended[]>;
let answeredIn = 0;
/** Ends what a test has left open. */
let stop: (() => void) | undefined;
beforeAll(async () => {
  world = await ScriptedWorld.start();
  const alone = { taskQueue: 'no-worker-here', workflowId: 'alone', args: [{}] };
  await world.environment.client.workflow.start('trainingRun', alone);
  const asked = Date.now();
  unanswered = Promise.all([
    world.videocap(['limits', 'alone']),
    world.videocap(['status', 'alone']).finally(() => {
      answeredIn = Date.now() - asked;
    }),
  ]);
});
afterAll(() => world?.end());

const ok = (stdout: string) => ({ code: 0, stdout: `${stdout}\n`, stderr: '' });
const continues = (run: string) => expect.stringMatching(new RegExp(`^Run ${run} continues: step \\d+/6`));
const refused = (...named: string[]) => ({ code: 1, stdout: '', stderr: lineNaming(...named) });
const status = (run: string) =>
  world.environment.client.workflow
    .getHandle(run)
    .query<{ stage: string; step: number; paused: boolean; totalSteps: number }>('status')
    .catch(() => undefined);
const reaches = (run: string, expected: object) =>
  expect.poll(() => status(run), { timeout: 60_000 }).toMatchObject(expected);
/** Starts a run that waits in its third step, and returns once it is there. */
async function waiting(run: string, steps = 6) {
  world.hold(run, 2);
  const handle = await world.start(run, steps);
  await reaches(run, { step: 2 });
  return handle;
}

describe('pause and resume', () => {
  it('let a run wait after its current step, and continue; said twice they are harmless', async () => {
    const handle = await waiting('paused');
    const told = ok('Run paused will pause after its current step; continue with: videocap resume paused');
    expect(await world.videocap(['pause', 'paused'])).toEqual(told);
    expect(await world.videocap(['pause', 'paused'])).toEqual(told);
    world.release('paused');
    await reaches('paused', { stage: 'paused', step: 3, paused: true });
    expect(world.stepsOf('paused')).toEqual([1, 2, 3]);

    expect(await world.videocap(['resume', 'paused'])).toEqual({ code: 0, stdout: continues('paused'), stderr: '' });
    await handle.result();
    expect(world.stepsOf('paused')).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('resume of a run that does not wait changes nothing', async () => {
    const handle = await waiting('awake');
    const told = { code: 0, stdout: lineNaming('Run awake did not wait', 'step 2/6'), stderr: '' };
    expect(await world.videocap(['resume', 'awake'])).toEqual(told);
    expect(await world.videocap(['resume', 'awake'])).toEqual(told);
    world.release('awake');
    await handle.result();
    expect(world.stepsOf('awake')).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('resume of a run that was asked to stop says that it ends', async () => {
    const handle = await waiting('stopping');
    expect((await world.videocap(['stop', 'stopping'])).code).toBe(0);
    const { code, stdout, stderr } = await world.videocap(['resume', 'stopping']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toEqual(naming('stopping', 'videocap fork stopping'));
    world.release('stopping');
    await handle.result();
    expect(world.stepsOf('stopping')).toEqual([1, 2, 3]);
  });

  it('tell scripts what they did', async () => {
    const handle = await waiting('scripted');
    const { runId } = await handle.describe();
    const pause = await world.videocap(['pause', 'scripted', '--json']);
    expect(JSON.parse(pause.stdout)).toEqual({ workflowId: 'scripted', asked: 'pause' });
    const resume = await world.videocap(['resume', 'scripted', '--json']);
    expect(JSON.parse(resume.stdout)).toEqual({ workflowId: 'scripted', runId, was: 'running', waitsAgain: false });
    world.release('scripted');
    await handle.result();
  });
});

describe('stop', () => {
  it('ends a run after its current step with benchmark and report; said twice it is harmless', async () => {
    const handle = await waiting('stopped', 1000);
    expect(await world.videocap(['stop', 'stopped'])).toEqual(ok('Run stopped will stop after its current step.'));
    const again = await world.videocap(['stop', 'stopped', '--json']);
    expect(JSON.parse(again.stdout)).toEqual({ workflowId: 'stopped', asked: 'stop' });
    world.release('stopped');
    expect(await handle.result()).toMatchObject({
      steps: 3,
      trained: { step: 3 },
      report: { uri: 'store:report.html' },
    });
  });

  it('ends a run that waits', async () => {
    const handle = await waiting('asleep', 1000);
    await world.videocap(['pause', 'asleep']);
    world.release('asleep');
    await reaches('asleep', { stage: 'paused' });
    await world.videocap(['stop', 'asleep']);
    expect(await handle.result()).toMatchObject({ steps: 3, trained: { step: 3 } });
  });
});

describe('cancel', () => {
  it('ends a run at once, and says what continues it', async () => {
    const handle = await waiting('broken-off');
    const told = { code: 0, stdout: lineNaming('broken-off', 'cancelled', 'videocap resume broken-off'), stderr: '' };
    expect(await world.videocap(['cancel', 'broken-off'])).toEqual(told);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(await world.videocap(['cancel', 'broken-off'])).toEqual(refused('broken-off', 'has ended: cancelled'));
    world.release('broken-off');
  });
});

describe('status --watch', () => {
  it('watches a benchmark to its end, too', async () => {
    await world.environment.client.workflow.start('benchmarkRun', {
      ...{ taskQueue: 'videocap', workflowId: 'measured', args: [{ config: 'quickstart' }], startDelay: '5s' },
    });
    const { code, stdout } = await world.videocap(['status', 'measured', '--watch', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ workflowId: 'measured', state: 'completed', result: { step: 0 } });
  });
});

describe('options of status', () => {
  it('refuses options that would do nothing', async () => {
    expect(await world.videocap(['status', '--watch'])).toEqual(refused('--watch', 'status RUN'));
    expect(await world.videocap(['status', 'x', '--filter', 'y'])).toEqual(refused('--filter', 'x'));
  });
});

describe('logs', () => {
  it('names the file that is missing, and what makes it', async () => {
    expect(await world.videocap(['logs'])).toEqual(refused('workers.log', 'videocap up'));
  });
});

describe('delete', () => {
  it('removes a run from Temporal and from the store, but what a fork of it needs', async () => {
    const handle = await world.start('parent', 4);
    await handle.result();
    const runKey = (await handle.describe()).memo!.run as string;
    const fork = ['fork', 'parent', '--at-step', '2', '--json'];
    const child = JSON.parse((await world.videocap(fork)).stdout) as { workflowId: string };
    const dry = JSON.parse((await world.videocap(['delete', 'parent', '--dry-run', '--json'])).stdout);
    expect(dry).toMatchObject({ runs: ['parent'], dryRun: true, files: expect.any(Number) });
    expect(await world.videocap(['delete', 'parent'])).toEqual(refused('--yes', 'parent'));
    const told = await world.videocap(['delete', 'parent', '--yes']);
    expect(told).toMatchObject({ code: 0, stdout: naming('Deleted run parent', 'other runs refer') });
    await expect.poll(() => handle.describe().catch((error: Error) => error.name)).toBe('WorkflowNotFoundError');
    expect(await world.store.find(keyOf('progress', { runKey, step: 4 }))).toBeUndefined();
    // Its benchmarks before the fork are the fork's, too.
    const status = JSON.parse((await world.videocap(['status', child.workflowId, '--json'])).stdout);
    expect(status.result.base.policy.step).toBe(0);
    expect((await world.videocap(['fork', child.workflowId, '--at-step', '4', '--json'])).code).toBe(0);
  });

  it('refuses a run that goes on', async () => {
    await waiting('alive');
    expect(await world.videocap(['delete', 'alive', '--yes'])).toEqual(refused('alive', 'videocap cancel alive'));
    world.release('alive');
  });

  it('refuses a sweep of which a run goes on that a user has resumed by itself; then removes both', async () => {
    const handle = await world.environment.client.workflow.signalWithStart('ablationSweep', {
      ...{ taskQueue: 'videocap', workflowId: 'left-sweep', args: [{ sweep: 'two-arms' }] },
      ...{ signal: 'pause', signalArgs: [] },
    });
    await expect.poll(async () => (await handle.query<{ stage: string }>('status')).stage).toBe('paused');
    const run = `${(await handle.describe()).memo!.run}.sft.all.s1`;
    await handle.signal('stop');
    await handle.result();
    const resumed = await waiting(run);
    expect(await world.videocap(['delete', 'left-sweep', '--yes'])).toEqual(refused(run, 'videocap cancel'));
    world.release(run);
    await resumed.result();
    const told = await world.videocap(['delete', 'left-sweep', '--yes']);
    expect(told).toMatchObject({ code: 0, stdout: naming('left-sweep with its 1 run:') });
    for (const gone of [handle, resumed])
      await expect.poll(() => gone.describe().catch((error: Error) => error.name)).toBe('WorkflowNotFoundError');
  });

  it('refuses what is no run', async () => {
    expect(await world.videocap(['delete', 'never', '--yes'])).toEqual(refused('no run never'));
  });
});

/** Where `videocap open` serves a page, until `stop`. */
function opened(run: string): Promise<string> {
  return new Promise((resolve) => {
    void world.videocap(['open', run], {}, (child, stdout) => {
      if (!stdout.includes('\n')) return;
      resolve(stdout.trim());
      stop = () => child.kill('SIGINT');
    });
  });
}

describe('open', () => {
  it('shows how far a run is, until it has a report', async () => {
    await waiting('shown');
    const address = await opened('shown');
    expect(await (await fetch(address)).text()).toEqual(naming('http-equiv="refresh"', 'shown', 'step 2/6'));
    const handle = world.environment.client.workflow.getHandle('shown');
    const runKey = (await handle.describe()).memo!.run as string;
    await world.store.put(keyOf('report', { runKey, hash: 'abc' }), '<p>the report</p>');
    const response = await fetch(address);
    expect(await response.text()).toBe('<p>the report</p>');
    const again = await fetch(address, { headers: { 'if-none-match': response.headers.get('etag')! } });
    expect(again.status).toBe(304);
    stop?.();
    world.release('shown');
  });
});

describe('open of a sweep', () => {
  it('shows what has become of its arms, by its name and by its key, before it has a table', async () => {
    const handle = await world.environment.client.workflow.signalWithStart('ablationSweep', {
      ...{ taskQueue: 'videocap', workflowId: 'shown-sweep', args: [{ sweep: 'two-arms' }] },
      ...{ signal: 'pause', signalArgs: [] },
    });
    await expect.poll(async () => (await handle.query<{ stage: string }>('status')).stage).toBe('paused');
    const { memo } = await handle.describe();
    const child = `${memo!.run}.sft.all.s1`;
    await world.store.put(keyOf('record', { runKey: child, step: 0 }), '{}');
    for (const name of ['shown-sweep', memo!.run as string]) {
      const address = await opened(name);
      expect(await (await fetch(address)).text()).toEqual(
        naming('data-goes-on', 'goes on: 0 of 4 runs have ended', 'seed 1: waiting'),
      );
      stop?.();
    }
    await handle.signal('stop');
    await handle.result();
  });
});

describe('limits', () => {
  it('changes the limits, prints them, and the run obeys them', async () => {
    const handle = await waiting('limited');
    expect(await world.videocap(['limits', 'limited'])).toEqual(ok('Limits of run limited now: those of its config.'));
    expect(await world.videocap(['limits', 'limited', '--max-steps', '4'])).toEqual(
      ok('Limits of run limited now: 4 steps.'),
    );
    const money = ['limits', 'limited', '--judge-usd', '2.5', '--judge-calls', '100'];
    const told = ok('Limits of run limited now: 2.5 USD for the judge, 100 calls of the judge, 4 steps.');
    expect(await world.videocap(money)).toEqual(told);
    expect(await world.videocap(money)).toEqual(told);
    const { stdout } = await world.videocap(['limits', 'limited', '--json']);
    const limits = { judgeBudgetUsd: 2.5, judgeBudgetCalls: 100, maxSteps: 4 };
    expect(JSON.parse(stdout)).toEqual({ workflowId: 'limited', limits });
    await reaches('limited', { totalSteps: 4 });
    world.release('limited');
    expect(await handle.result()).toMatchObject({ steps: 4, trained: { step: 4 } });
  });

  it('refuses an invalid limit, before it asks Temporal', async () => {
    const said = async (option: string) => (await world.videocap(['limits', 'any-run', option])).stderr;
    expect(await Promise.all(['--judge-usd=-1', '--judge-calls=', '--max-steps=1.5'].map(said))).toEqual([
      naming("'-1' is invalid", 'at least 0', '20'),
      naming("'' is invalid", 'a whole number', 'at least 0', '500'),
      naming("'1.5' is invalid", 'a whole number', 'at least 0', '500'),
    ]);
  });
});

describe('a run without a worker', () => {
  it('is named with its task queue, and with the right one, within seconds', async () => {
    const told = refused('Run alone', 'task queue no-worker-here', 'no worker looks', 'again in task queue videocap');
    expect(await unanswered).toEqual([told, told]);
    expect(answeredIn).toBeLessThan(20_000);
  });
});

describe('status', () => {
  it('names an activity that a user has paused in Temporal, and what unpauses it', async () => {
    const handle = await waiting('held');
    const pending = async () => (await handle.describe()).raw.pendingActivities ?? [];
    const update = async () => (await pending()).find(({ activityType }) => activityType?.name === 'updatePolicy');
    await expect.poll(update).toBeDefined();
    const { activityId } = (await update())!;
    const target = { namespace: 'default', execution: { workflowId: 'held' }, id: activityId! };
    const service = world.environment.client.workflowService;
    await service.pauseActivity({ ...target, identity: 'ann', reason: 'to look at it' });
    await expect.poll(async () => (await pending()).filter(({ paused }) => paused).length).toBe(1);
    const said = await world.videocap(['status', 'held']);
    expect(said).toMatchObject({ code: 0, stdout: naming('held', 'updatePolicy', 'ann', 'unpause', activityId!) });
    const { stdout } = await world.videocap(['status', 'held', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ waitingActivities: [naming('updatePolicy', 'unpause')] });
    world.release('held');
    await service.unpauseActivity(target);
    expect(await handle.result()).toMatchObject({ steps: 6 });
    expect(world.stepsOf('held')).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('what cannot be told anything', () => {
  const verbs = ['pause', 'stop', 'limits', 'resume'];
  const each = (run: string) => Promise.all(verbs.map((verb) => world.videocap([verb, run])));

  it('an unknown run', async () => {
    const told = refused('no run unknown', 'videocap status');
    expect(await each('unknown')).toEqual(verbs.map(() => told));
  });

  it('a run that has finished', async () => {
    await (await world.start('finished', 1)).result();
    const told = refused('Run finished has ended: completed.');
    const fork = 'to continue from one of its steps: videocap fork finished --at-step N';
    expect(await each('finished')).toEqual([told, told, told, refused(`Run finished has finished; ${fork}`)]);
  });

  it('a benchmark, to wait or to end early', async () => {
    const alone = { taskQueue: 'no-worker-here', workflowId: 'a-bench', args: [{}] };
    await world.environment.client.workflow.start('benchmarkRun', alone);
    expect(await world.videocap(['pause', 'a-bench'])).toEqual(refused('a-bench', 'a benchmark', 'videocap stop'));
    expect(await world.videocap(['stop', 'a-bench'])).toMatchObject({ code: 0, stdout: lineNaming('a-bench', 'now') });
  });

  it.each(['benchmarkRun', 'datasetAnnotation'])('an ended %s, which names what starts another', async (type) => {
    const alone = { taskQueue: 'no-worker-here', workflowId: `over-${type}`, args: [{}] };
    await (await world.environment.client.workflow.start(type, alone)).terminate();
    const told = refused(
      `over-${type}`,
      'terminated',
      type === 'benchmarkRun' ? 'videocap bench' : 'videocap annotate',
    );
    const said = await Promise.all(['stop', 'limits'].map((verb) => world.videocap([verb, `over-${type}`])));
    expect(said).toEqual([told, told]);
  });

  it('a run that was cancelled, and one that failed', async () => {
    await (await waiting('gone')).cancel();
    await world.environment.client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: 'wrong', args: [{ config: 'no-such-config' }] },
    });
    const state = (run: string) => world.environment.client.workflow.getHandle(run).describe();
    await expect.poll(async () => (await state('gone')).status.name, { timeout: 30_000 }).toBe('CANCELLED');
    await expect.poll(async () => (await state('wrong')).status.name, { timeout: 30_000 }).toBe('FAILED');
    world.release('gone');
    expect(await world.videocap(['stop', 'gone'])).toEqual(refused('gone', 'cancelled', 'videocap resume gone'));
    expect(await world.videocap(['stop', 'wrong'])).toEqual(refused('wrong', 'failed', 'videocap resume wrong'));
  });

  it('a run that was ended, until it is resumed', async () => {
    await (await waiting('ended')).terminate('ended by the test');
    world.release('ended');
    const told = refused('Run ended', 'terminated', 'videocap resume ended.');
    const others = ['pause', 'stop', 'limits'].map((verb) => world.videocap([verb, 'ended']));
    expect(await Promise.all(others)).toEqual([told, told, told]);
  });
});
