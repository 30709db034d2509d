import { serveThread, threadData } from '../../../core/thread-server.ts';
import { PolicyModel } from '../model/model.ts';
import { type Weights, weightsOf } from '../model/weights.ts';
import { generate } from '../sampling/generate.ts';
import { KEPT_BY_LANE, type LaneApi, type LaneData, type LaneWeights, plain, tensorsOf } from './lane-api.ts';
import { useLast } from './use-last.ts';

/** The thread of one lane: its own sessions of the model's graphs. */
const { model: name, threads } = threadData<LaneData>();
const model = new PolicyModel(name, threads);
const kept = new Map<number, Weights>();

function weightsFrom({ id, tensors }: LaneWeights): Weights {
  return useLast(kept, id, () => weightsOf(tensors!), KEPT_BY_LANE);
}

serveThread<LaneApi>(
  {
    generate: ({ weights, options }, computation) => generate(model, weightsFrom(weights), options, computation),
    async run({ graph, weights, feeds }) {
      return plain(await model.run(graph, { ...weightsFrom(weights).feeds, ...tensorsOf(feeds) }));
    },
  },
  (result) =>
    Array.isArray(result) ? [] : Object.values(result).map(({ data }) => (data as Float32Array<ArrayBuffer>).buffer),
);
