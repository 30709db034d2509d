import { Command } from '@commander-js/extra-typings';
import { decodingOf } from '../../benchmarks/benchmark-config.ts';
import { rolloutMeans } from '../../configs/allowed.ts';
import { parseCompletion } from '../../core/completion.ts';
import type { Thought } from '../../core/sample.ts';
import { captionChoice } from '../../policy/engine-inputs.ts';
import { createEngine } from '../../policy/engines.ts';
import { promptTexts } from '../../policy/prompt-config.ts';
import { openClip } from '../../video/open-clip.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printable, printJson, printNote } from '../output/print.ts';
import { CHECKPOINT, collectOverride } from './arguments.ts';
import { checkpointConfig, configNote, OWN_CONFIG } from './checkpoint-config.ts';
import { openCheckpoint } from './open-checkpoint.ts';

export const captionCommand = new Command('caption')
  .summary('caption a video')
  .description('Captions any video that ffmpeg reads, locally, without servers: first the analysis, then the caption.')
  .argument('<checkpoint>', CHECKPOINT)
  .argument('<video>', 'a video file, a folder of pictures or a picture')
  .option('--config <config>', `the experiment whose frame options, prompt and decoding are used; ${OWN_CONFIG}`)
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--json', 'print analysis, caption and raw text as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap caption tiny clip.mp4', 'with the base model that ships'],
      ['videocap caption path/to/model clip.mp4 --json', 'with a trained one, for a script'],
      ['videocap caption path/to/model clip.mp4 --set prompt.output=plain', 'with one that writes captions alone'],
      ['videocap caption run:my-run@20 clip.mp4', 'with step 20 of a run, as it was trained'],
    ),
  )
  .action(async (checkpoint, video, { config: named, set: overrides = {}, json }) => {
    const used = await checkpointConfig(checkpoint, named, overrides);
    if (!json) printNote(configNote(used, 'Frame options, prompt and decoding'));
    const { frames: options, benchmark, policy, prompt, seed } = used.config;
    const engine = createEngine(policy.engine.kind, rolloutMeans(findInstallation().home));
    try {
      const start = await openCheckpoint(used.checkpoint, engine);
      const clip = await openClip(video, options);
      const [frames, height, width] = clip.shape;
      const [group] = await engine.generate({
        engine: policy.engine,
        policy: start,
        clips: [{ sampleId: video, frames: clip, prompt: promptTexts(prompt)[0]! }],
        groupSize: 1,
        maxNewTokens: benchmark.maxNewTokens,
        ...captionChoice(decodingOf(benchmark), seed),
      });
      const { text, truncated } = group!.completions[0]!;
      const { caption, thought, wellFormed } = parseCompletion(text, prompt.output);
      if (json)
        return printJson({
          video,
          durationSeconds: clip.durationSeconds,
          frames,
          width,
          height,
          caption,
          thought,
          wellFormed,
          truncated,
          text,
        });
      if (caption === undefined) return print('The model gave no caption; this is what it wrote:', printable(text));
      print(...(thought ? [...thoughtLines(thought), ''] : []).map(printable), printable(caption));
    } finally {
      await engine.close();
    }
  });

/** `- circle (small, red): moves left` for every subject. */
export function thoughtLines(thought: Thought): string[] {
  return thought.map(({ subject, attributes, actions }) => {
    const described = attributes.length > 0 ? `${subject} (${attributes.join(', ')})` : subject;
    return `- ${described}${actions.length > 0 ? `: ${actions.join('; ')}` : ''}`;
  });
}
