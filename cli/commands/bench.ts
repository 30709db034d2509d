import { basename, resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { judgeOfBenchmarks, SuiteName } from '../../benchmarks/benchmark-config.ts';
import { CaptioningConfig } from '../../benchmarks/suites/captioning.ts';
import { checkQuirks, suiteNamed, suites } from '../../benchmarks/suites/suites.ts';
import { VARIANTS, Variant } from '../../benchmarks/suites/variants.ts';
import type { Evaluation, SuiteEvaluation } from '../../contracts/run-results.ts';
import { VideocapError } from '../../core/errors.ts';
import type { DatasetConfig } from '../../datasets/dataset-config.ts';
import { isLlm, type JudgeConfig } from '../../judge/judge-config.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson, printNote } from '../output/print.ts';
import { createProgressView } from '../output/progress-view.ts';
import { judgeNotes, metricsTable, unscoredNotes } from '../output/result-table.ts';
import { suiteLines } from '../output/suite-table.ts';
import { leaveRunGoing } from '../run/interrupt.ts';
import { forWorkers, newWorkflowId, startWorkflow } from '../run/run-experiment.ts';
import { openSession } from '../run/session.ts';
import { requireModel, requirePath } from '../run/start-checkpoint.ts';
import { suiteFiles } from '../run/suite-files.ts';
import { watchRun } from '../run/watch-run.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';
import { CHECKPOINT, collectOverride, collectWord, modelOf, wholeNumber } from './arguments.ts';
import { checkpointConfig, configNote, OWN_CONFIG } from './checkpoint-config.ts';

const SUITES = SuiteName.options;

export const benchCommand = new Command('bench')
  .summary('benchmark a checkpoint, or captions made elsewhere')
  .description(
    'Captions videos with a checkpoint, and scores the captions: on the held-out videos of a ' +
      "config, or on a published benchmark (DREAM-1K, VDC, CaReBench) from its authors' files, by their protocol, " +
      'with their published numbers beside yours.',
  )
  .argument('[checkpoint]', CHECKPOINT)
  .addArgument(
    new Argument('[suite]', 'what to measure on; default held-out').choices(['held-out', ...SUITES] as const),
  )
  .option('--annotations <file>', "a benchmark's annotations, as its authors ship them (vdc: the folder of its files)")
  .option('--videos <dir>', "folder with the benchmark's videos; subfolders count")
  .option(
    '--predictions <path>',
    'score these captions as they are: {"id": ..., "caption": ...} a line, a log of lmms-eval, or the folder that ' +
      "Tarsier's inference or lmms-eval wrote; no checkpoint, no videos",
  )
  .option('--limit <clips>', 'only this number of clips, from the start of the file', wholeNumber(1, 100))
  .option('--quirk <name>', "turn on a quirk of the authors' script; repeatable; the report lists it", collectWord)
  .option('--variant <name>', "turn on a choice of this project's own; repeatable; the report lists it", collectVariant)
  .option(
    '--captioning <key=value>',
    "change how videos are captioned, by default as the benchmark's authors do: prompt, frames.count, " +
      'frames.maxPixels, maxNewTokens, decoding.temperature...; like=run: as the config says; repeatable',
    collectOverride,
  )
  .option(
    '--config <config>',
    'the experiment with the judge (or benchmark.judge), and, for the held-out videos, all that captions them; ' +
      OWN_CONFIG,
  )
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--out <dir>', 'copy report, per-clip results and JSON there')
  .option('--json', 'print the result as JSON')
  .addHelpText('after', () =>
    [
      '',
      `A published benchmark needs an LLM judge, in the config or as ${LLM},`,
      'and the key in the environment variable that judge.apiKeyEnv names. Each answer is paid for once.',
      'Clips without a video and unscorable clips are listed and counted, and are in no mean.',
      '',
      "Quirks of the authors' scripts, all off by default:",
      ...suites.flatMap(({ name, quirks }) => lines(quirks, name)),
      '',
      "Variants of this project's own, which no author's script has, all off by default:",
      ...lines(VARIANTS),
      examples(
        ['videocap bench tiny', 'the base model on the held-out videos of quickstart'],
        ['videocap bench run:my-run@20', "step 20 of a run on its experiment's held-out videos"],
        [
          'videocap bench path/to/model dream1k --annotations DREAM-1k.jsonl --videos dir --config my.yaml',
          'a published one',
        ],
        [
          'videocap bench path/to/model vdc ... --captioning like=run --captioning frames.count=32',
          'asked, shown and decoded as in the config, but with 32 frames',
        ],
        [
          'videocap bench dream1k --predictions own.jsonl --annotations DREAM-1k.jsonl --config my.yaml',
          "others' captions",
        ],
      ),
    ].join('\n'),
  )
  .action(async (first, second, options) => {
    const { config: named, set: overrides = {}, json, out } = options;
    const { checkpoint, suite } = whatToMeasure(first, second, options.predictions !== undefined);
    const used = await checkpointConfig(checkpoint, named, overrides);
    const { engine } = used.config.policy;
    const model = used.checkpoint === undefined ? undefined : modelOf(used.checkpoint, engine);
    const judge = judgeOfBenchmarks(used.config);
    const source = sourceOf(suite, options);
    if (suite !== 'held-out') checkSuite(suite, judge, options);
    if (!json)
      printNote(configNote(used, suite === 'held-out' ? `${MEASURE} and held-out videos` : 'Judge and engine'));
    const installation = findInstallation();
    const report = new Report();
    await setUp(installation, report);
    const session = await openSession(installation, { report });
    try {
      if (model !== undefined) requireModel(session, model, engine);
      for (const name of ['annotations', 'videos', 'predictions'] as const)
        if (options[name] !== undefined) requirePath(session, `--${name}`, resolve(options[name]));
      const input = {
        ...{ ...(await forWorkers(used, installation.home)), overrides: { ...overrides, ...NO_STEPS }, suite },
        ...(model !== undefined && { checkpoint: model }),
        ...source,
      };
      const subject = checkpoint ?? basename(options.predictions!);
      const run = await startWorkflow(session, 'benchmarkRun', newWorkflowId('bench'), input, `${suite} · ${subject}`);
      const view = createProgressView({ steps: false });
      const forget = leaveRunGoing(run.workflowId, view);
      const evaluation = await watchRun<Evaluation | SuiteEvaluation>(session, run.workflowId, view).finally(forget);
      const files = 'suite' in evaluation ? await suiteFiles(evaluation, installation.home, out) : undefined;
      if (json) return printJson({ ...run, evaluation, ...(files && { files }) });
      print(
        '',
        ...('suite' in evaluation
          ? suiteLines(evaluation.suite, { [subject]: { suites: [evaluation] } })
          : [`held-out videos   ${heldOutData(used.config.dataset)}`, ...heldOutLines(evaluation, subject)]),
        '',
        ...(run.link ? [`Temporal run   ${run.link}`] : []),
        ...(files
          ? [`report         ${files.report}`, `clip by clip   ${files.items}`, `JSON           ${files.result}`]
          : []),
      );
    } finally {
      await session.close();
    }
  });

const LLM = '--set judge.kind=llm --set judge.model=gpt-4o-mini';

/** The sections of the config that decide the figures of its own held-out videos. */
const MEASURE = 'Judge, prompt, frame options';

/** Nothing is trained here; without this the run's page would count steps that never come. */
const NO_STEPS = { 'algorithm.steps': 0 };

type Choice = 'held-out' | SuiteName;
interface Options {
  annotations?: string;
  videos?: string;
  predictions?: string;
  limit?: number;
  quirk?: string[];
  variant?: Variant[];
  captioning?: Record<string, unknown>;
}

/**
 * Which checkpoint, and what it is measured on. With predictions there is no checkpoint, so the only argument is the
 * suite.
 * @throws VideocapError `InvalidInput`
 */
export function whatToMeasure(
  first: string | undefined,
  second: Choice | undefined,
  predictions: boolean,
): { checkpoint?: string; suite: Choice } {
  if (!predictions) {
    if (first === undefined)
      throw wrong('Which checkpoint? Give the name of a shipped model, such as tiny, a model folder, or run:RUN.');
    return { checkpoint: first, suite: second ?? 'held-out' };
  }
  const suite = SuiteName.safeParse(first);
  if (second === undefined && suite.success) return { suite: suite.data };
  throw wrong(
    `--predictions takes a published benchmark and no checkpoint: videocap bench ${second ?? SUITES[0]} ` +
      `--predictions ... (one of ${SUITES.join(', ')}).`,
  );
}

/**
 * The part of a benchmark run's input that says where things lie; paths become absolute, since workers run elsewhere.
 * @throws VideocapError `InvalidInput` when something is missing, or makes no sense for the suite.
 */
export function sourceOf(suite: Choice, options: Options) {
  const { annotations, videos, predictions, limit, quirk = [], variant = [], captioning } = options;
  if (suite === 'held-out') {
    const flags = { quirk: quirk[0], variant: variant[0], captioning };
    const given = Object.entries({ annotations, videos, predictions, limit, ...flags });
    const unwanted = given.find(([, value]) => value !== undefined);
    if (unwanted) throw wrong(`--${unwanted[0]} is for a published benchmark; name one: ${SUITES.join(', ')}.`);
    return {};
  }
  if (!annotations) throw wrong(`${suite} needs --annotations, the file that its authors ship.`);
  if (!videos && !predictions)
    throw wrong(`${suite} needs --videos, a folder of its videos, or --predictions, captions made elsewhere.`);
  if (videos && predictions)
    throw wrong('Give --videos to caption them, or --predictions to score captions, not both.');
  if (predictions && captioning) throw wrong('--captioning is for --videos: predictions are captions already.');
  return {
    annotations: resolve(annotations),
    ...(videos && { videos: resolve(videos) }),
    ...(predictions && { predictions: resolve(predictions) }),
    ...(limit !== undefined && { limit }),
    quirks: quirk,
    ...(variant.length > 0 && { variants: variant }),
    ...(captioning && { captioning: nested(captioning) }),
  };
}

/** Refuses before anything starts what the workers would refuse later. */
function checkSuite(name: SuiteName, judge: JudgeConfig, { quirk = [], variant = [] }: Options): void {
  const suite = suiteNamed(name);
  checkQuirks(suite, quirk, variant);
  if (!isLlm(judge))
    throw new VideocapError('InvalidConfig', `${suite.title} is judged by a language model; add for example: ${LLM}`);
}

/** Where the held-out videos of a data set come from, for people. */
export function heldOutData(dataset: DatasetConfig): string {
  return dataset.kind === 'jsonl' ? dataset.heldOut : `${dataset.heldOutSamples} scenes of the small world of shapes`;
}

function heldOutLines(evaluation: Evaluation, subject: string): string[] {
  const { metrics } = evaluation;
  return [metricsTable(metrics), ...judgeNotes([evaluation]), ...unscoredNotes({ [subject]: metrics })];
}

function lines(choices: Readonly<Record<string, string>>, suite = 'any'): string[] {
  return Object.entries(choices).map(([name, what]) => `  ${suite.padEnd(10)} ${name}: ${what}`);
}

/**
 * `{"frames.count": 8}` as `{frames: {count: 8}}`.
 * @throws VideocapError `InvalidInput` for a field that captioning does not have, or a value that it does not take.
 */
function nested(flat: Readonly<Record<string, unknown>>): CaptioningConfig {
  const sections: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(flat)) {
    const [section, field, ...rest] = key.split('.');
    if (rest.length > 0) throw wrong(`--captioning ${key}: write a field, such as frames.count.`);
    const before = sections[section!] as object | undefined;
    sections[section!] = field === undefined ? value : { ...before, [field]: value };
  }
  const { error, data } = CaptioningConfig.safeParse(sections);
  if (!error) return data;
  const { path, message } = error.issues[0]!;
  throw wrong(`--captioning ${path.join('.') || Object.keys(flat)[0]}: ${message}.`);
}

function collectVariant(name: string, before: Variant[] = []): Variant[] {
  const { success, data } = Variant.safeParse(name);
  if (success) return [...before, data];
  throw new InvalidArgumentError(`give one of ${Variant.options.join(', ')}.`);
}

function wrong(message: string): VideocapError {
  return new VideocapError('InvalidInput', message);
}
