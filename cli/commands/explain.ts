import { Command } from '@commander-js/extra-typings';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage } from '../../core/open-storage.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printable, printJson } from '../output/print.ts';
import { type ExplainedClip, explainClip } from '../run/explain-clip.ts';
import { wholeNumber } from './arguments.ts';
import { thoughtLines } from './caption.ts';
import { transcriptLines } from './judge-transcript.ts';

export const explainCommand = new Command('explain')
  .summary('show what the numbers of a clip come from')
  .description(
    'Shows the chain behind the numbers of one held-out clip: number, caption, what the judge was asked and ' +
      'answered, the policy with the hash of its weights, the frames with theirs, and the file of the video. Needs ' +
      'the store alone: no servers and no worker.',
  )
  .argument('<run>', 'a workflow id, or a key in the store')
  .argument('<clip>', 'the id of a held-out clip')
  .option('--step <step>', 'of which benchmark (default: the best one, else the last)', wholeNumber(0, 0))
  .option('--json', 'print as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap explain quickstart-20261124-120000-1a2b held-out-000003', 'after the last benchmark'],
      ['videocap explain quickstart-20261124-120000-1a2b held-out-000003 --step 0', 'of the base policy'],
    ),
  )
  .action(async (run, clip, { step, json }) => {
    const store = new ArtifactStore(await openStorage(findInstallation().home));
    const explained = await explainClip(store, { run, clip, step });
    if (json) return printJson(explained);
    print(...explainedLines(explained, await fileOf(store, explained)));
  });

/** Where the video lies. */
async function fileOf(store: ArtifactStore, { sample: { video } }: ExplainedClip): Promise<string> {
  return 'artifact' in video ? store.localCopy(video.artifact) : video.path;
}

/** The chain, a link a paragraph. Captions and answers are untrusted: what could steer a terminal is not printed. */
export function explainedLines(explained: ExplainedClip, file: string): string[] {
  const { run, step, sample, result, metrics, caption, judge, asked, policy, frames } = explained;
  const { video } = sample;
  const [hash, bytes] =
    'artifact' in video ? [video.artifact.sha256, video.artifact.bytes] : [video.sha256, video.bytes];
  return [
    `run        ${run}, benchmark after step ${step}`,
    `clip       ${printable(sample.id)}`,
    `number     ${numbersOf(result, caption)}`,
    `           part of ${overall(metrics)}`,
    '',
    `caption    ${printable(caption.parsed.caption ?? caption.text)}`,
    ...(caption.parsed.thought
      ? thoughtLines(caption.parsed.thought).map((line) => `           ${printable(line)}`)
      : []),
    `reference  ${printable(sample.caption)}`,
    ...(result?.reading && result.events
      ? result.events.map(
          (event, i) => `           ${printable(event)}: ${result.reading!.verdicts[i] ?? 'no verdict'}`,
        )
      : []),
    '',
    `judge      ${judgeText(judge, asked.length)}`,
    ...asked.flatMap(({ key, entry }) => [
      '',
      ...transcriptLines({ ...entry, key, stored: undefined }).map((line) => `           ${line}`),
    ]),
    '',
    `policy     ${printable(policy.model)}, step ${policy.step}: run:${run}@${policy.step}`,
    `weights    sha256 ${policy.weights.sha256}`,
    `frames     ${framesText(frames)}`,
    `video      sha256 ${hash}, ${bytes} bytes`,
    `file       ${printable(file)}`,
  ];
}

function framesText(frames: ExplainedClip['frames']): string {
  if (!frames) return 'not in the store any more';
  return `sha256 ${frames.sha256}, ${frames.bytes} bytes, ${frames.uri}`;
}

function numbersOf(result: ExplainedClip['result'], { notCaptioned }: ExplainedClip['caption']): string {
  if (notCaptioned !== undefined) return `none: the endpoint wrote no caption (${printable(notCaptioned)})`;
  if (!result) return 'none: it is in no number';
  const { event, think, format, unscorable } = result;
  return [
    ...(unscorable === undefined ? [] : [`not scored by the judge: ${printable(unscorable)}`]),
    ...(event ? [`event recall ${event.recall.toFixed(3)}, precision ${event.precision.toFixed(3)}`] : []),
    ...(think === undefined ? [] : [`think ${think.toFixed(3)}`]),
    `format ${format}`,
  ].join(', ');
}

function overall(metrics: ExplainedClip['metrics']): string {
  const shown = ['eventF1', 'think', 'format'].filter((name) => metrics[name] !== undefined);
  return `${shown.map((name) => `${name} ${metrics[name]!.toFixed(1)}`).join(', ')} of ${metrics.clips ?? 0} clips`;
}

function judgeText({ name, isLlm }: ExplainedClip['judge'], asked: number): string {
  if (!isLlm) return `${printable(name)}: rules, no language model, so there is no transcript`;
  if (asked === 0) return `${printable(name)}: the ledger has no answer about this caption`;
  return `${printable(name)}, ${asked} question${asked === 1 ? '' : 's'}:`;
}
