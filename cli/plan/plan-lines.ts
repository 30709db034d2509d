import { TOKENS_PER_ANSWER, TOKENS_PER_QUESTION } from '../../configs/judge-plan.ts';
import { sumOf } from '../../policy/plan/torch-memory.ts';
import { printable } from '../output/print.ts';
import { alignedTable } from '../output/result-table.ts';
import type { ExperimentPlan } from './plan-experiment.ts';

/** A plan for a person. @param machine what the memory and the time are those of. */
export function planLines(plan: ExperimentPlan, machine: string): string[] {
  const { policy, work, disk, steps } = plan;
  const { parameters, memory, step } = policy;
  const seconds = step.seconds.sampling + step.seconds.update;
  const often = policy.checkpointEvery === 1 ? '' : ` after every ${policy.checkpointEvery} steps`;
  const rows: [string, string][] = [
    ['parameters', `${count(parameters.total)}, ${count(parameters.trained)} of them trained`],
    [
      '  by group',
      `decoder ${count(parameters.decoder)}, embeddings ${count(parameters.embeddings)}, head ` +
        `${count(parameters.head)}, vision ${count(parameters.vision)}`,
    ],
    ['prompt', `${whole(work.prompt)} tokens, ${whole(work.videoTokens)} of them video`],
    ['a step', `${whole(work.groups)} samples x ${work.groupSize} texts of ${whole(work.meanTokens)} tokens`],
    ['  computes', `${whole(step.tokens)} tokens, ${operations(step.flops)}`],
    [
      '  takes',
      `${time(seconds)} without the judge: ${time(step.seconds.sampling)} sampling, ` +
        `${time(step.seconds.update)} update`,
    ],
    ['  writes', `a checkpoint of ${bytes(policy.checkpoint)}${often}, whose time is not counted`],
    ['the run', `${whole(steps)} steps: ${time(seconds * steps)} without judge and benchmarks`],
    ['judge', judgeText(plan)],
    ['disk', `${bytes(disk.checkpoints + disk.weights + disk.frames + disk.rollouts + disk.handOver)}`],
    [
      '  by kind',
      `${disk.kept} checkpoints of ${bytes(policy.checkpoint)}, start and export ${bytes(disk.weights)}, frames ` +
        `${bytes(disk.frames)}, completions ${bytes(disk.rollouts)}` +
        (disk.handOver > 0 ? `, hand-over to servers ${bytes(disk.handOver)}` : ''),
    ],
    ...(policy.host > 0
      ? ([['host', `${bytes(policy.host)} of memory while a checkpoint is written`]] as [string, string][])
      : []),
  ];
  const phases = Object.entries({ update: memory.update, sampling: memory.sampling }).filter(([, kinds]) =>
    sumOf(kinds),
  );
  const kinds = [...new Set(phases.flatMap(([, bytesOf]) => Object.keys(bytesOf)))];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    `${plan.preset ?? printable(plan.model)} on ${machine}`,
    '',
    alignedTable(
      [memory.gpus > 0 ? 'GB on each GPU' : "GB of this machine's memory", ...phases.map(([name]) => name)],
      [
        ...kinds.map((kind) => [kind, ...phases.map(([, bytesOf]) => gigabytes(bytesOf[kind]))]),
        [`together, of ${gigabytes(memory.limit)}`, ...phases.map(([, bytesOf]) => gigabytes(sumOf(bytesOf)))],
      ],
    ),
    '',
    ...rows.map(([name, text]) => `  ${name.padEnd(width)}   ${text}`),
    ...(plan.notes.length > 0 ? ['', ...plan.notes.map((note) => `  ${printable(note)}.`)] : []),
  ];
}

function judgeText({ judge: { perStep, training, benchmark, cost } }: ExperimentPlan): string {
  if (training + benchmark === 0) return 'no questions to a language model';
  const asked =
    `at most ${whole(perStep)} questions a step, ${whole(training)} in all, ` + `and ${whole(benchmark)} in benchmarks`;
  if (cost === undefined) return `${asked}; set judge.price for the cost`;
  return `${asked}: ${cost.toFixed(2)} USD at ${TOKENS_PER_QUESTION} + ${TOKENS_PER_ANSWER} tokens each`;
}

const whole = (number: number) => Math.round(number).toLocaleString('en-US');
const gigabytes = (size = 0) => (size / 1e9).toFixed(size < 1e9 ? 2 : 1);
const bytes = (size: number) => (size < 1e9 ? `${(size / 1e6).toFixed(0)} MB` : `${(size / 1e9).toFixed(1)} GB`);
const count = (number: number) => (number < 1e9 ? `${(number / 1e6).toFixed(1)} M` : `${(number / 1e9).toFixed(3)} B`);
const operations = (number: number) =>
  number < 1e15 ? `${(number / 1e12).toFixed(2)} TFLOP` : `${(number / 1e15).toFixed(1)} PFLOP`;

function time(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
