import { Command } from '@commander-js/extra-typings';
import type { Thought } from '../../core/sample.ts';
import { openClip } from '../../video/open-clip.ts';
import { examples, print, printable, printJson, printNote } from '../output/print.ts';
import { CHECKPOINT, collectOverride } from './arguments.ts';
import { checkpointConfig, configNote, OWN_CONFIG } from './checkpoint-config.ts';
import { writeCaption } from './write-caption.ts';

export const captionCommand = new Command('caption')
  .summary('caption a video')
  .description(
    'Captions any video that ffmpeg reads, without Temporal and workers, locally or through the servers that ' +
      'policy.engine names: first the analysis, then the caption.',
  )
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
      ['videocap caption gpt-4o-mini clip.mp4 --config bench-api', 'with a vision model behind an API'],
    ),
  )
  .action(async (checkpoint, video, { config: named, set: overrides = {}, json }) => {
    const used = await checkpointConfig(checkpoint, named, overrides);
    if (!json) printNote(configNote(used, 'Frame options, prompt and decoding'));
    const clip = await openClip(video, used.config.frames);
    const [frames, height, width] = clip.shape;
    const { text, parsed, truncated } = await writeCaption(used, video, clip);
    const { caption, thought, wellFormed } = parsed;
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
  });

/** `- circle (small, red): moves left` for every subject. */
export function thoughtLines(thought: Thought): string[] {
  return thought.map(({ subject, attributes, actions }) => {
    const described = attributes.length > 0 ? `${subject} (${attributes.join(', ')})` : subject;
    return `- ${described}${actions.length > 0 ? `: ${actions.join('; ')}` : ''}`;
  });
}
