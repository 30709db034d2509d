import { table, wrapped } from './markdown.ts';
import {
  AS_CONFIGURED,
  COMPLETION_TOKENS,
  EXPERIMENT,
  FRAMES,
  HARDWARE,
  LATENCY_SPREAD,
  paperCosts,
  SAMPLES,
  SCORING,
  type Variant,
} from './paper-costs.ts';
import { type RunOrder, type SimulatedRun, simulateRun } from './simulated-run.ts';

/** From a decision of the workflow to the worker and back, in seconds: 0.125 s of a step with its six stages. */
const DISPATCH = 0.02;

export const SIMULATED_TITLE = '1,500 samples x Qwen2-VL-7B on 8 GPUs, simulated';

interface Outcome {
  variant: Variant;
  order: RunOrder;
  run: SimulatedRun;
}

async function simulated(change: Partial<Variant>): Promise<Outcome> {
  const variant = { ...AS_CONFIGURED, ...change };
  const { order, costs } = await paperCosts(variant, DISPATCH);
  return { variant, order, run: await simulateRun(order, costs) };
}

const stepSeconds = ({ run, order }: Outcome) => run.seconds / order.steps;
const minutes = ({ run }: Outcome) => `${Math.round(run.seconds / 60)} min`;
const percent = (share: number) => `${Math.round(100 * share)} %`;
const engine = ({ run }: Outcome) => (run.sampling + run.update) / run.seconds;
const judge = ({ run }: Outcome) => run.judging / run.seconds;
const used = ({ run, order }: Outcome) => run.asked / run.seconds / order.connections;

/** What the others wait for most. */
function bottleneck(outcome: Outcome): 'sampling' | 'the update' | 'the judge' {
  const { sampling, update, judging } = outcome.run;
  const most = Math.max(sampling, update, judging);
  if (most === judging) return 'the judge';
  return most === sampling ? 'sampling' : 'the update';
}

/** Without rollout servers, and with four of the eight GPUs as such. */
const ENGINES: readonly [name: string, change: Partial<Variant>][] = [
  ['8 ranks that sample themselves', {}],
  ['4 ranks, 4 rollout servers', { servers: 4 }],
];

/** The part of `docs/scale.md` that nothing is measured for. */
export async function simulatedSection(): Promise<string> {
  const orders: Outcome[] = [];
  for (const [, change] of ENGINES)
    for (const rolloutLag of [0, 1] as const)
      for (const samplesPerPart of [undefined, 4, 2])
        orders.push(await simulated({ ...change, rolloutLag, ...(samplesPerPart && { samplesPerPart }) }));
  const connections = [16, 32, 64, 128, 256];
  const latencies = [2, 4, 8, 16, 32];
  const [asIs, best] = [orders[0]!, orders.toSorted((a, b) => stepSeconds(a) - stepSeconds(b))[0]!];
  const byJudge = await grid(latencies, (latency) =>
    grid(connections, (count) => simulated({ servers: 4, rolloutLag: 1, latency, connections: count })),
  );
  const byJudgeAsIs = await grid(latencies, (latency) =>
    grid(connections, (count) => simulated({ latency, connections: count })),
  );
  const gpus = [4, 8, 16, 32];
  const ofGpus = await grid(gpus, (count) =>
    grid(ENGINES, ([, { servers }]) =>
      grid([8, count], (samplesPerStep) =>
        simulated({ gpus: count, servers: servers ? count / 2 : 0, rolloutLag: 1, samplesPerStep }),
      ),
    ),
  );
  const even = orders.find(
    ({ variant }) => variant.servers === 4 && variant.rolloutLag === 1 && !variant.samplesPerPart,
  )!;
  const uniform = await withoutSpread(even.variant);
  return [
    wrapped(
      `\`${EXPERIMENT}\`: an epoch of ${SAMPLES.toLocaleString('en-US')} samples, ${asIs.variant.samplesPerStep} a ` +
        `step, 8 texts each of ${COMPLETION_TOKENS} tokens on average. Seconds of sampling and update are those that ` +
        `\`videocap plan\` calculates for ${HARDWARE.gpu.title} at ${percent(HARDWARE.mfu)} of the peak: calculated, ` +
        'not measured, since no GPU has run the engine. Assumed: the judge answers one question a text, the median ' +
        `after ${AS_CONFIGURED.latency} s, log-normal with a spread of ${LATENCY_SPREAD}; ${FRAMES} s for a step's ` +
        `frames and ${SCORING} s for its other scores, both beside slower stages; ${DISPATCH} s for Temporal to ` +
        'dispatch a stage. Benchmarks, checkpoint files and the hand-over of policies to rollout servers are not ' +
        'counted. The order of stages is that of the workflows: a unit test holds the simulation to the workflow ' +
        'code, to the last bit.',
    ),
    '',
    table(
      [
        'engine',
        '`rolloutLag`',
        '`samplesPerPart`',
        'a step',
        'the epoch',
        'engine busy',
        'judge busy',
        'connections used',
        'longest',
      ],
      orders.map((one) => [
        one.variant.servers ? ENGINES[1]![0] : ENGINES[0]![0],
        String(one.variant.rolloutLag),
        String(one.variant.samplesPerPart ?? 'none'),
        `${stepSeconds(one).toFixed(1)} s`,
        minutes(one),
        percent(engine(one)),
        percent(judge(one)),
        percent(used(one)),
        bottleneck(one),
      ]),
    ),
    '',
    wrapped(
      `As the config has it, a step takes ${stepSeconds(asIs).toFixed(1)} s: engine and judge wait for each other, ` +
        `and ${bottleneck(asIs)} takes most of it. The shortest of these, ${stepSeconds(best).toFixed(1)} s, is ` +
        `${(stepSeconds(asIs) / stepSeconds(best)).toFixed(1)} times as fast: ${described(best)}. There ` +
        `${bottleneck(best)} is the bottleneck. ${partsSentence(asIs, orders[1]!)}`,
    ),
    '',
    `Seconds of a step by the judge's median latency and its connections, ${described(even)}:`,
    '',
    judgeTable(latencies, connections, byJudge),
    '',
    'The same as the config has it:',
    '',
    judgeTable(latencies, connections, byJudgeAsIs),
    '',
    wrapped(connectionSentence(even, uniform, byJudge[2]!)),
    '',
    'Seconds of a step, and minutes of the epoch, by GPUs, with `rolloutLag: 1`; half of them serve rollouts, or none:',
    '',
    table(
      [
        'GPUs',
        ...['ranks sample', 'servers sample'].flatMap((who) => [`${who}, 8 samples a step`, `${who}, a sample a GPU`]),
      ],
      gpus.map((count, i) => [
        String(count),
        ...ofGpus[i]!.flat().map((one) => `${stepSeconds(one).toFixed(1)} s, ${minutes(one)}`),
      ]),
    ),
    '',
    wrapped(gpuSentence(ofGpus[1]![0]!, ofGpus[3]![0]!)),
  ].join('\n');
}

function partsSentence(whole: Outcome, parts: Outcome): string {
  return (
    `With \`samplesPerPart: ${parts.variant.samplesPerPart}\` a step takes ${ratio(parts, whole)} times as long as ` +
    'with whole rounds: each part is sampled for as many tokens as its longest text has, however few texts it is, ' +
    'and each waits for the slowest of its own answers.'
  );
}

function gpuSentence(few: readonly Outcome[], many: readonly Outcome[]): string {
  const [[fewEach], [manyEight, manyEach]] = [few, many] as [[Outcome], [Outcome, Outcome]];
  return (
    `With 8 samples a step, ${many[0]!.variant.gpus} GPUs take ${minutes(manyEight)} for an epoch, and ` +
    `${few[0]!.variant.gpus} take ${minutes(fewEach)}: a token reads all weights, however few texts a GPU has. With ` +
    `a sample a GPU the epoch has fewer steps and takes ${minutes(manyEach)}; a step is ${ratio(manyEach, fewEach)} ` +
    `times as long, since ${8 * manyEach.variant.samplesPerStep} questions share ` +
    `${manyEach.order.connections} connections.`
  );
}

const ratio = (a: Outcome, b: Outcome) => (stepSeconds(a) / stepSeconds(b)).toFixed(1);

function described({ variant: { servers, rolloutLag, samplesPerPart } }: Outcome): string {
  const who = servers > 0 ? ENGINES[1]![0] : ENGINES[0]![0];
  return `${who}, \`rolloutLag: ${rolloutLag}\`${samplesPerPart ? `, \`samplesPerPart: ${samplesPerPart}\`` : ''}`;
}

function judgeTable(latencies: readonly number[], connections: readonly number[], found: Outcome[][]): string {
  return table(
    ['latency', ...connections.map((count) => `${count} connections`)],
    latencies.map((latency, i) => [`${latency} s`, ...found[i]!.map((one) => stepSeconds(one).toFixed(1))]),
  );
}

/** The same run with a judge that always takes the median. */
async function withoutSpread(variant: Variant): Promise<Outcome> {
  const { order, costs } = await paperCosts(variant, DISPATCH);
  return { variant, order, run: await simulateRun(order, { ...costs, latency: () => variant.latency }) };
}

function connectionSentence(even: Outcome, uniform: Outcome, row: readonly Outcome[]): string {
  const enough = row.find((one) => stepSeconds(one) < 1.01 * stepSeconds(row.at(-1)!))!;
  return (
    `From ${enough.order.connections} connections on, more change nothing: a step has ` +
    `${8 * even.variant.samplesPerStep} questions. It waits for its slowest answer, so at ` +
    `${even.order.connections} connections ${percent(used(even))} of them are in use. If every answer took the ` +
    `median of ${even.variant.latency} s, a step would take ${stepSeconds(uniform).toFixed(1)} s instead of ` +
    `${stepSeconds(even).toFixed(1)} s: the slowest answers cost more than the number of connections.`
  );
}

/** One after the other: each has a clock of its own. */
async function grid<T, O>(items: readonly T[], of: (item: T) => Promise<O>): Promise<O[]> {
  const found: O[] = [];
  for (const item of items) found.push(await of(item));
  return found;
}
