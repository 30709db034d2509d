import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { configOf, readConfig } from '../../configs/load-config.ts';
import type { WrittenAnnotations } from '../../contracts/annotation.ts';
import { VideocapError } from '../../core/errors.ts';
import { ReferenceField } from '../../core/sample.ts';
import { existingAmong } from '../../datasets/annotation/annotation-files.ts';
import { isLlm } from '../../judge/judge-config.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { createProgressView } from '../output/progress-view.ts';
import { leaveRunGoing } from '../run/interrupt.ts';
import { forWorkers, newWorkflowId, startWorkflow } from '../run/run-experiment.ts';
import { openSession } from '../run/session.ts';
import { watchRun } from '../run/watch-run.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';
import { collectOverride } from './arguments.ts';

export const annotateCommand = new Command('annotate')
  .summary('make thoughts, events, questions and key points for captions')
  .description(
    "Asks the language model of a config's judge for `thought` and `events`, or other fields (--make), of each " +
      'sample that lacks them. Writes a new dataset file for dataset.train, a review page with suspicious samples ' +
      'first, and statistics. Existing fields stay; samples that the model cannot annotate stay as they are and are ' +
      'listed. Ctrl-C ends the watching, not the work. Each answer is paid for once.',
  )
  .argument('<file.jsonl>', 'a sample a line: {"video": "clip.mp4", "caption": "..."}')
  .requiredOption('--out <file>', 'the dataset file to write; never one that exists')
  .option('--config <config>', 'the experiment with the judge to ask; its judge.kind must be llm', 'quickstart')
  .option(
    '--make <fields>',
    'fields to make: thought and events (one question a caption), questions (reward.qa), keyPoints (reward.checklist)',
    parseFields,
    ['thought', 'events'] satisfies ReferenceField[] as ReferenceField[],
  )
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--detach', 'start it and return at once')
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap annotate captions.jsonl --out train.jsonl --config my.yaml', 'with the judge of an experiment'],
      [
        'videocap annotate captions.jsonl --out train.jsonl --set judge.kind=llm --set judge.model=gpt-4o-mini',
        'with OPENAI_API_KEY',
      ],
      [
        'videocap annotate captions.jsonl --out train.jsonl --config configs/examples/local-judge.yaml',
        'offline: npm run judge:local',
      ],
      [
        'videocap annotate train.jsonl --out qa.jsonl --make questions,keyPoints --config my.yaml',
        'for reward.qa and reward.checklist; thought and events stay as they are',
      ],
    ),
  )
  .action(async (file, { out, config, make, set: overrides = {}, detach, json }) => {
    const [dataset, output] = [resolve(file), resolve(out)];
    const source = await readConfig(config);
    const { judge } = await configOf(source, overrides);
    if (!isLlm(judge))
      throw new VideocapError(
        'InvalidConfig',
        `The judge of ${config} is ${judge.kind}, which cannot annotate. Name a config with a language model ` +
          '(--config), or set one: --set judge.kind=llm --set judge.model=gpt-4o-mini',
      );
    if (!existsSync(dataset)) throw new VideocapError('InvalidInput', `There is no file ${dataset}.`);
    const taken = existingAmong(output);
    if (taken !== undefined)
      throw new VideocapError('InvalidInput', `${taken} exists already; remove it, or name another file with --out.`);
    const installation = findInstallation();
    const report = new Report();
    await setUp(installation, report);
    const session = await openSession(installation, { report });
    try {
      const input = { ...(await forWorkers(source, installation.home)), overrides, dataset, output, make };
      const id = newWorkflowId('annotate');
      const run = await startWorkflow(session, 'datasetAnnotation', id, input, `annotate · ${judge.model}`);
      if (detach) {
        if (json) return printJson(run);
        return print(`Run ${run.workflowId} has started.`, `  where it is: videocap status ${run.workflowId}`);
      }
      report.line(`Run ${run.workflowId}${run.link ? `   ${run.link}` : ''}`);
      const view = createProgressView();
      const forget = leaveRunGoing(run.workflowId, view);
      const written = await watchRun<WrittenAnnotations>(session, run.workflowId, view).finally(forget);
      if (json) printJson({ ...run, ...written });
      else print(...annotationLines(written));
    } finally {
      await session.close();
    }
  });

/** `questions,keyPoints` */
function parseFields(text: string): ReferenceField[] {
  return text.split(',').map((name) => {
    const field = ReferenceField.safeParse(name.trim());
    if (field.success) return field.data;
    const known = ReferenceField.options;
    throw new InvalidArgumentError(`"${name}" cannot be made. Name some of ${known.join(', ')}, with commas.`);
  });
}

/** What a person sees at the end: how many, what it cost, where to look. */
export function annotationLines({ output, review, statistics, samples, usage }: WrittenAnnotations): string[] {
  const { total, complete, annotated, unscorable, notAsked, odd } = samples;
  const rest = [
    unscorable > 0 && `${unscorable} got no usable answer`,
    complete > 0 && `${complete} complete already`,
    notAsked > 0 && `${notAsked} not asked about`,
  ].filter(Boolean);
  return [
    '',
    `${annotated} of ${total} samples annotated${rest.map((text) => `, ${text}`).join('')}; ${odd} look suspicious.`,
    `${usage.calls} calls, ${usage.cacheHits} from the ledger, ${usage.inputTokens} + ${usage.outputTokens} tokens, ` +
      `${usage.cost.toFixed(4)} USD`,
    '',
    `annotated    ${output}`,
    `review       ${review}`,
    `statistics   ${statistics}`,
  ];
}
