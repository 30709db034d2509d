import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { loadConfig } from '../../configs/load-config.ts';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { parseCompletion } from '../../core/completion.ts';
import type { Thought } from '../../core/sample.ts';
import { PolicyEngine } from '../../policy/onnx/engine/engine.ts';
import { openModelFolder } from '../../policy/onnx/model/model-folder.ts';
import { extractClip } from '../../video/extract-frames.ts';
import { printable } from '../output/printable.ts';
import { modelOf } from './model-argument.ts';
import { examples, print, printJson } from './output.ts';
import { collectOverride } from './overrides.ts';

export const captionCommand = new Command('caption')
  .summary('caption a video file')
  .description(
    'Captions any video that ffmpeg reads, here and now, without servers: the analysis first, then the caption.',
  )
  .argument('<checkpoint>', 'name of a shipped model, such as tiny, or a model folder that a run has written')
  .argument('<video>', 'a video file')
  .option('--config <config>', 'the experiment whose frame options are used', 'quickstart')
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--json', 'print analysis, caption and raw text as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap caption tiny clip.mp4', 'with the base model that ships'],
      ['videocap caption path/to/model clip.mp4 --json', 'with a trained one, for a script'],
    ),
  )
  .action(async (checkpoint, video, { config: name, set: overrides = {}, json }) => {
    const { frames: options, benchmark, policy } = await loadConfig(name, overrides);
    const folder = openModelFolder(modelOf(checkpoint));
    const weights = join(folder.path, 'model.safetensors');
    const [{ frames, height, width, pixels, durationSeconds }, sha256] = await Promise.all([
      extractClip(video, options),
      sha256OfFile(weights),
    ]);
    const engine = new PolicyEngine();
    try {
      const [group] = await engine.generate({
        policy: { model: folder.name, weights: { path: weights, sha256 } },
        threads: policy.engine.threads,
        clips: [{ sampleId: video, frames: { shape: [frames, height, width, 3], data: pixels } }],
        groupSize: 1,
        maxNewTokens: benchmark.maxNewTokens,
      });
      const { text, truncated } = group!.completions[0]!;
      const { caption, thought, wellFormed } = parseCompletion(text);
      if (json)
        return printJson({
          video,
          durationSeconds,
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
