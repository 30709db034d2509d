import { expect, it } from 'vitest';
import { MlflowError } from '../../../../tracking/mlflow-error.ts';
import type { SystemSample } from '../../../../tracking/system-metrics.ts';
import { SystemMonitor } from '../../../../workers/system-metrics/system-monitor.ts';

interface Sent extends SystemSample {
  runKey: string;
}

/** A monitor with readings of a machine that computes half of the time, and what it has sent. */
function monitored(send: (runKey: string) => Promise<void> = async () => undefined, isBroken = () => false) {
  const sent: Sent[] = [];
  let reads = 0;
  const monitor = new SystemMonitor({
    node: 'host-1',
    counters: () => ({ cores: { busy: 50 * reads, all: 100 * reads++ }, worker: 0 }),
    levels: async () => {
      if (isBroken()) throw new Error('EMFILE');
      return { memory: { used: 1e6, all: 4e6 }, worker: 1e6, gpus: [] };
    },
    send: async (runKey, sample) => {
      await send(runKey);
      sent.push({ runKey, ...sample });
    },
  });
  return { monitor, sent, runs: () => sent.map(({ runKey }) => runKey) };
}

/** An activity of a run that goes on until it is ended. */
function activity(monitor: SystemMonitor, input: unknown) {
  let [end, fail] = [() => {}, (_: Error) => {}];
  const work = new Promise<string>((resolve, reject) => {
    [end, fail] = [() => resolve('done'), reject];
  });
  const outcome = monitor.interceptor.execute!({ args: [input], headers: {} }, () => work);
  return { outcome, end, fail };
}

const away = new MlflowError({ status: 0, errorCode: 'NETWORK', message: 'away' });

it('samples a run while an activity of it is in progress', async () => {
  const { monitor, sent } = monitored();
  await monitor.sample();
  expect(sent).toEqual([]);
  const { outcome, end } = activity(monitor, { runKey: 'a' });
  await monitor.sample();
  await monitor.sample();
  const metrics = expect.objectContaining({ cpu_utilization_percentage: 50, system_memory_usage_percentage: 25 });
  expect(sent).toEqual([
    { runKey: 'a', node: 'host-1', time: expect.any(Number), metrics },
    { runKey: 'a', node: 'host-1', time: expect.any(Number), metrics },
  ]);
  end();
  expect(await outcome).toBe('done');
});

it('samples a run once more whose last activity has ended since, failed ones too, and then no more', async () => {
  const { monitor, runs } = monitored();
  const [short, failing, long] = ['a', 'b', 'c'].map((runKey) => activity(monitor, { runKey }));
  short!.end();
  failing!.fail(new Error('failed'));
  await short!.outcome;
  await expect(failing!.outcome).rejects.toThrow('failed');
  await monitor.sample();
  expect(runs()).toEqual(['a', 'b', 'c']);
  await monitor.sample();
  expect(runs()).toEqual(['a', 'b', 'c', 'c']);
  long!.end();
  await long!.outcome;
  await monitor.sample();
  await monitor.sample();
  expect(runs()).toEqual(['a', 'b', 'c', 'c', 'c']);
});

it('counts the activities of a run that run side by side', async () => {
  const { monitor, runs } = monitored();
  const [one, other] = [activity(monitor, { runKey: 'a' }), activity(monitor, { runKey: 'a' })];
  one.end();
  await one.outcome;
  await monitor.sample();
  await monitor.sample();
  expect(runs()).toEqual(['a', 'a']);
  other.end();
});

it.each([[undefined], [null], ['text'], [{}], [{ runKey: 7 }]])(
  'leaves an activity alone whose input is %j',
  async (input) => {
    const { monitor, sent } = monitored();
    const { outcome, end } = activity(monitor, input);
    await monitor.sample();
    end();
    expect(await outcome).toBe('done');
    expect(sent).toEqual([]);
  },
);

it('drops a sample while MLflow is away, and asks it once for all runs', async () => {
  const asked: string[] = [];
  let isAway = true;
  const { monitor, runs } = monitored(async (runKey) => {
    asked.push(runKey);
    if (isAway) throw away;
  });
  for (const runKey of ['a', 'b']) activity(monitor, { runKey });
  await monitor.sample();
  expect(asked).toEqual(['a']);
  isAway = false;
  await monitor.sample();
  expect(runs()).toEqual(['a', 'b']);
});

it('drops the sample of a run that MLflow or the store refuses, and no other', async () => {
  const { monitor, runs } = monitored(async (runKey) => {
    if (runKey === 'a') throw new Error('damaged');
  });
  for (const runKey of ['a', 'b']) activity(monitor, { runKey });
  await monitor.sample();
  expect(runs()).toEqual(['b']);
});

it('sends nothing while a sample is still being sent: they do not pile up', async () => {
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const asked: string[] = [];
  const { monitor, runs } = monitored(async (runKey) => {
    asked.push(runKey);
    await answered;
  });
  activity(monitor, { runKey: 'a' });
  const slow = monitor.sample();
  await monitor.sample();
  await monitor.sample();
  expect(asked).toEqual(['a']);
  answer();
  await slow;
  await monitor.sample();
  expect(runs()).toEqual(['a', 'a']);
});

it('throws nothing where the machine cannot be read, and reads it again', async () => {
  let isBroken = true;
  const { monitor, runs } = monitored(undefined, () => isBroken);
  activity(monitor, { runKey: 'a' });
  await monitor.sample();
  isBroken = false;
  await monitor.sample();
  expect(runs()).toEqual(['a']);
});
