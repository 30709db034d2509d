import type { PolicyOrigin } from '../../core/policy-engine.ts';

export interface ModelCard extends PolicyOrigin {
  /** The model that the run began with: a name or a folder. */
  base: string;
  /** `model_type` of its config. */
  family: string;
  isAdapter: boolean;
}

/** The `README.md` of an exported policy: where it comes from, and how to load it. */
export function modelCard({ runKey, step, base, family, isAdapter }: ModelCard): string {
  const lines = [
    ...['---', `library_name: ${isAdapter ? 'peft' : 'transformers'}`, 'pipeline_tag: video-text-to-text', '---', ''],
    ...['# Video captioning policy', '', '| | |', '|---|---|'],
    ...[`| trained by | videocap-r1, run ${code(runKey)} |`, `| step | ${step} |`, `| base model | ${code(base)} |`],
    ...[`| weights | ${isAdapter ? 'a LoRA adapter of the base model' : 'whole'} |`, ''],
    ...['## Loading', '', '```python', ...(isAdapter ? ADAPTER : WHOLE), '```', ''],
    ...(family in TIMES ? ['## Positions', '', POSITIONS_TEXT, '', '```python', ...positions(family), '```', ''] : []),
  ];
  return lines.join('\n');
}

const WHOLE = [
  'from transformers import AutoModelForImageTextToText',
  '',
  'model = AutoModelForImageTextToText.from_pretrained(".")  # this folder',
];

const ADAPTER = [
  'from peft import PeftConfig, PeftModel',
  'from transformers import AutoModelForImageTextToText',
  '',
  'base = PeftConfig.from_pretrained(".").base_model_name_or_path  # or where you have the base model',
  'model = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(base), ".")',
];

const POSITIONS_TEXT = `The policy was trained with text after a video that begins one past the video's largest
position, as in Qwen's own code and in vLLM. \`transformers\` 5 and later begin it lower when they make the positions,
so pass \`position_ids\`:`;

/** The times of a video's slices, in positions. */
const TIMES: Readonly<Record<string, string>> = {
  qwen2_vl: 'torch.arange(slices)',
  qwen2_5_vl: '(torch.arange(slices) * seconds * config.vision_config.tokens_per_second).long()',
};

function positions(family: string): string[] {
  return [
    'import torch',
    '',
    '',
    'def position_ids(input_ids, grid, config, seconds=1.0):',
    '    """[4, 1, length] for a prompt [length] with one video, whose slices of two frames last `seconds`."""',
    '    merge = config.vision_config.spatial_merge_size',
    '    slices, rows, columns = grid[0], grid[1] // merge, grid[2] // merge',
    `    times = ${TIMES[family]}`,
    '    video = torch.meshgrid(times, torch.arange(rows), torch.arange(columns), indexing="ij")',
    '    start = input_ids.tolist().index(config.video_token_id)',
    '    video = torch.stack(video).reshape(3, -1) + start',
    '    after = torch.arange(len(input_ids) - start - video.shape[1]) + video.max() + 1',
    '    places = [torch.arange(start).expand(3, -1), video, after.expand(3, -1)]',
    '    return torch.cat([torch.arange(len(input_ids))[None], torch.cat(places, dim=1)])[:, None]',
    '',
    '',
    '# inputs = processor(...), with one video:',
    '# positions = position_ids(inputs["input_ids"][0], inputs["video_grid_thw"][0].tolist(), model.config)',
    '# model(**inputs, position_ids=positions)',
  ];
}

/** A text as code in a cell of a table, whatever it holds. */
function code(text: string): string {
  return `\`${text.replaceAll(/[`|\s]/g, ' ')}\``;
}
