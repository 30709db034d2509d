import { OnnxEngine } from '../../../policy/onnx/engine/onnx-engine.ts';
import { atMost } from '../goal.ts';
import { playInProcess, stepsIn } from '../in-process.ts';
import { median } from '../median.ts';
import type { Row } from '../row.ts';
import { BenchWorld } from '../world.ts';

/** Steps 2 and 3 of a run of 4: the first does what later ones need not, the last has nothing beside it. */
const [FROM, TO, STEPS] = [2, 4, 4];
const MOST_SHARE = 0.03;

/** What Temporal adds to a step of the quickstart. */
export const orchestration: Row = {
  name: 'orchestration',
  title: 'orchestration of a quickstart step',
  unit: 'ms',
  work:
    'The time of a step of the quickstart (8 x 8 completions) in a run on a real Temporal server, less the time of ' +
    'the same stages, with the same inputs, called in one process without Temporal, workers and MLflow.',
  goals: [
    atMost(40, 'ms'),
    {
      text: `<= ${100 * MOST_SHARE} % of the step`,
      isMet: ({ own, peers: [whole] }) =>
        whole && 'median' in whole ? own.median / whole.median <= MOST_SHARE : undefined,
    },
  ],
  minutes: 5,
  async open() {
    const world = await BenchWorld.start();
    const engine = new OnnxEngine();
    const perActivity: number[] = [];
    const steps: number[] = [];
    let last = 0;
    let plays = 0;
    return {
      async own() {
        const { workflowId } = await world.run({
          ...{ 'algorithm.steps': STEPS, 'dataset.trainSamples': 8 * STEPS, 'dataset.heldOutSamples': 2 },
          // The stages are called again with the checkpoints that they had.
          ...{ 'benchmark.everySteps': STEPS, 'checkpoints.keepEvery': 1 },
        });
        const { events } = await world.client.workflow.getHandle(workflowId).fetchHistory();
        const played = stepsIn(events!, FROM, TO);
        const { store, home } = world;
        const alone = await playInProcess(played, `in-process-${++plays}`, { store, engine, home });
        const added = (1000 * (played.seconds - alone)) / played.steps;
        perActivity.push((added * played.steps) / played.groups.flat().length);
        last = (1000 * played.seconds) / played.steps;
        steps.push(last);
        return added;
      },
      // The whole step of the same repeat, for the share.
      peers: [{ name: 'the whole step', run: async () => last, derived: true }],
      notes: () => [
        `An activity costs ${median(perActivity).toFixed(1)} ms, a step takes ${(median(steps) / 1000).toFixed(2)} s.`,
      ],
      async close() {
        await engine.close();
        await world.stop();
      },
    };
  },
};
