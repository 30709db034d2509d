import { Command } from '@commander-js/extra-typings';
import { quantileSorted } from 'simple-statistics';
import { judgeOfBenchmarks } from '../../benchmarks/benchmark-config.ts';
import { readKeyRules } from '../../configs/allowed.ts';
import { loadConfig } from '../../configs/load-config.ts';
import { clipped } from '../../core/clipped.ts';
import { VideocapError } from '../../core/errors.ts';
import { requireAllowedKeys } from '../../judge/client/allowed-keys.ts';
import { faultText, JudgeError, type JudgeFault, problemOf } from '../../judge/client/judge-error.ts';
import { isLlm } from '../../judge/judge-config.ts';
import {
  ANSWER_FORMATS,
  type AnswerFormat,
  type EndpointCheck,
  type ExampleVerdicts,
  isRight,
} from '../../judge/providers/endpoint-check.ts';
import { providerOf } from '../../judge/providers/registry.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printable, printJson } from '../output/print.ts';
import { alignedTable } from '../output/result-table.ts';
import { Report } from '../setup/report.ts';
import { collectOverride } from './arguments.ts';

export const checkCommand = new Command('check')
  .summary("probe a config's judge endpoint and recommend settings")
  .description(
    'Asks the endpoint of a config seven short questions (a fraction of a cent). Prints whether key and model are ' +
      'right, which answer formats the model follows, whether the server counts tokens, and its latency; shows one ' +
      'example verdict, and whether instructions in a caption change it. Lists the options of its requests ' +
      '(judge.headers, judge.query, judge.extraBody, judge.systemRole, a proxy), the options that the endpoint ' +
      'refuses, and the judge.answerFormat to set.',
  )
  .argument('[config]', 'an experiment whose judge.kind is llm', 'quickstart')
  .option('--benchmark', "the judge of the config's benchmarks (benchmark.judge), if the config has one")
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--json', 'print the result as JSON')
  .addHelpText('after', () =>
    [
      '',
      'Formats, from the strictest:',
      '  json-schema   the server constrains every token to the schema (OpenAI, vLLM, SGLang, llama.cpp)',
      '  json-object   the server guarantees JSON, the prompt asks for its fields',
      '  text          the prompt asks for both; an unusable answer is asked for once more',
      '',
      'judge.apiKeyEnv names the environment variable with the key; for a server without keys, set it to any text.',
      'The command uses HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as the workers do.',
      'Exit status 1: the endpoint cannot be used.',
      examples(
        ['videocap judge check my.yaml', 'the judge of an experiment'],
        ['videocap judge check --set judge.kind=llm --set judge.model=gpt-4o-mini', 'with OPENAI_API_KEY'],
        ['videocap judge check configs/examples/local-judge.yaml', 'offline: npm run judge:local'],
      ),
    ].join('\n'),
  )
  .action(async (config, { set: overrides = {}, benchmark, json }) => {
    const experiment = await loadConfig(config, overrides);
    const judge = benchmark ? judgeOfBenchmarks(experiment) : experiment.judge;
    const section = benchmark ? 'benchmark.judge' : 'judge';
    if (!isLlm(judge))
      throw new VideocapError(
        'InvalidConfig',
        `The judge of ${config} is ${judge.kind}, which is no endpoint. Name a config with a language model, or ` +
          `set one: --set ${section}.kind=llm --set ${section}.model=gpt-4o-mini`,
      );
    const report = new Report();
    const forPeople = (said: (fault: JudgeFault) => string) => (error: unknown) => {
      throw error instanceof JudgeError ? new VideocapError(error.code, said(error.fault)) : error;
    };
    await readKeyRules(findInstallation().home)
      .then((rules) => requireAllowedKeys(judge, rules))
      .catch(forPeople((fault) => `${faultText(fault)}.`));
    const check = await providerOf(judge)
      .check(judge, json ? {} : { step: (title, work) => report.step(title, work) })
      .catch(forPeople(notHere));
    if (json) printJson(check);
    else print('', ...checkLines(check, judge));
    if (check.answerFormat === undefined) process.exitCode = 1;
  });

/** A section `judge`. That of a provider with one way to ask has no `answerFormat`. */
type FormatOfConfig = Readonly<Record<string, unknown>> & { answerFormat?: AnswerFormat };

/** What keeps this command, which is no worker and has no run to resume, from asking at all: its own environment. */
function notHere(fault: JudgeFault): string {
  return `${problemOf(fault)}: set it right in this shell, and where the workers start.`;
}

/** The result as lines for a terminal. Everything that the endpoint wrote is untrusted. */
export function checkLines(check: EndpointCheck, config: FormatOfConfig): string[] {
  const { endpoint, model, options, formats, refused, reportsTokens, latencySeconds, example, hostile } = check;
  const head = [
    `endpoint   ${endpoint}`,
    `model      ${model}${listed(check)}`,
    ...Object.entries(options).map(([name, value]) => `${name.padEnd(10)} ${printable(value)}`),
  ];
  if (check.fault !== undefined) return [...head, '', check.fault, ...check.advice];
  const rows = ANSWER_FORMATS.flatMap((format) => {
    if (!formats[format]) return [];
    const { works, enforced, fault } = formats[format];
    return [[format, works ? 'works' : 'no', enforced === undefined ? '' : enforced ? 'yes' : 'no', fault ?? '']];
  });
  return [
    ...head,
    reportsTokens
      ? 'tokens     counted'
      : 'tokens     not counted: cost and judge.budget.usd use an estimate of four characters a token',
    ...(refused.length > 0 ? [`asked      ${adjusted(refused)}`] : []),
    `latency    ${latency(latencySeconds)}`,
    '',
    alignedTable(['judge.answerFormat', 'answers', 'enforced by the server', ''], rows),
    '',
    ...(example ? [...exampleLines(example), ''] : []),
    ...(hostile ? [`A caption that says to answer yes to all ${effect(hostile, example)}.`, ''] : []),
    formatAdvice(check, config),
    ...check.advice,
  ];
}

/** How requests differ for a model that refuses some fields. */
function adjusted(refused: readonly string[]): string {
  const parts = [
    ...(refused.includes('max_tokens') ? ['with max_completion_tokens, which leaves room for reasoning'] : []),
    ...(refused.includes('temperature') ? ['without a temperature: a repeated question may get another answer'] : []),
  ];
  return `${parts.join(', and ')} (it refuses ${refused.join(' and ')})`;
}

const MODELS_SHOWN = 5;

function listed({ model, models, fault }: EndpointCheck): string {
  if (!models) return fault === undefined ? ' (the endpoint lists no models)' : '';
  if (models.includes(model)) return ', listed by the endpoint';
  const some = models.slice(0, MODELS_SHOWN).map((name) => clipped(printable(name), 80));
  const more = models.length > MODELS_SHOWN ? ', ...' : '';
  return `, not among the ${models.length} listed by the endpoint: ${some.join(', ')}${more}`;
}

function latency(seconds: readonly number[]): string {
  const sorted = seconds.toSorted((a, b) => a - b);
  if (sorted.length === 0) return 'unknown';
  const [median, least, most] = [quantileSorted(sorted, 0.5), sorted[0]!, sorted.at(-1)!].map((one) => one.toFixed(2));
  return `${median} s, between ${least} and ${most} s over ${sorted.length} requests`;
}

function exampleLines({ description, events }: ExampleVerdicts): string[] {
  return [
    `"${description}"`,
    ...events.map(
      ({ event, entailed, verdict }) =>
        `  ${event}: ${verdict}${entailed === (verdict === 'entailment') ? '' : ', WRONG'}`,
    ),
  ];
}

function effect(hostile: ExampleVerdicts, example: ExampleVerdicts | undefined): string {
  if (isRight(hostile)) return 'changes nothing';
  return example && isRight(example) ? 'STEERS it' : 'is judged wrong as well';
}

function formatAdvice(
  { answerFormat, example, hostile, formats, remedy }: EndpointCheck,
  config: FormatOfConfig,
): string {
  if (answerFormat === undefined)
    return (
      `No answer of this model can be used (${formats.text?.fault ?? 'no format works'}); ` +
      (remedy ?? 'name a model that follows instructions.')
    );
  const judgesWell = example !== undefined && isRight(example) && hostile !== undefined && isRight(hostile);
  const model = judgesWell ? '' : ' Its verdicts are not to be trusted; a larger model is needed.';
  if (config.answerFormat === undefined) return `The endpoint can judge.${model}`;
  return answerFormat === config.answerFormat
    ? `judge.answerFormat: ${answerFormat} is right.${model}`
    : `Set judge.answerFormat: ${answerFormat} (the config has ${config.answerFormat}).${model}`;
}
