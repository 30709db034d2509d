import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { naming } from '../../refusal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-layouts-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(text: string) {
  const path = join(folder, 'data.json');
  await writeFile(path, text);
  const all = [];
  for await (const one of readJsonl(path)) all.push(one);
  return all;
}

async function sampleOf(row: object) {
  const [first] = await read(JSON.stringify(row));
  return first && 'sample' in first ? first.sample : first;
}

const problemOf = async (row: object) => {
  const read = await sampleOf(row);
  return read && 'problem' in read ? read.problem : read;
};

describe('rows from the documentation of other trainers', () => {
  test('LLaMA-Factory: data/mllm_video_demo.json, a JSON array of `messages`', async () => {
    const demo = `[
  {
    "messages": [
      {
        "content": "<video>Why is this video funny?",
        "role": "user"
      },
      {
        "content": "Because a baby is reading, and he is so cute!",
        "role": "assistant"
      }
    ],
    "videos": [
      "mllm_demo_data/1.mp4"
    ]
  },
  {
    "messages": [
      {
        "content": "<video>What is she doing?",
        "role": "user"
      },
      {
        "content": "She is cooking.",
        "role": "assistant"
      }
    ],
    "videos": [
      "mllm_demo_data/2.avi"
    ]
  }
]
`;
    expect(await read(demo)).toEqual([
      {
        ...{ line: 1, unit: 'entry' },
        sample: {
          video: 'mllm_demo_data/1.mp4',
          prompt: 'Why is this video funny?',
          caption: 'Because a baby is reading, and he is so cute!',
        },
      },
      {
        ...{ line: 2, unit: 'entry' },
        sample: { video: 'mllm_demo_data/2.avi', prompt: 'What is she doing?', caption: 'She is cooking.' },
      },
    ]);
  });

  test.each<[string, object, object]>([
    [
      'ms-swift: messages with a system text',
      {
        messages: [
          { role: 'system', content: 'You are a helpful and harmless assistant.' },
          { role: 'user', content: '<video>What is in the video?' },
          { role: 'assistant', content: 'The video shows a puppy running on the grass.' },
        ],
        videos: ['/xxx/x.mp4'],
      },
      {
        video: '/xxx/x.mp4',
        prompt: 'What is in the video?',
        caption: 'The video shows a puppy running on the grass.',
      },
    ],
    [
      'ms-swift: pre-training, without a question',
      { messages: [{ role: 'assistant', content: '<video>is a lion running' }], videos: ['/xxx/x.mp4'] },
      { video: '/xxx/x.mp4', caption: 'is a lion running' },
    ],
    [
      'ms-swift: ShareGPT',
      { system: '<system>', conversation: [{ human: '<video>What?', assistant: 'A dog.' }], videos: ['x.mp4'] },
      { video: 'x.mp4', prompt: 'What?', caption: 'A dog.' },
    ],
    [
      'ms-swift: query and response',
      { system: '', query: '<video>What?', response: 'A dog.', history: [], videos: ['x.mp4'] },
      { video: 'x.mp4', prompt: 'What?', caption: 'A dog.' },
    ],
    [
      'LLaMA-Factory: Alpaca',
      { instruction: 'Describe it.', input: '<video>', output: 'A dog.', videos: ['x.mp4'] },
      { video: 'x.mp4', prompt: 'Describe it.', caption: 'A dog.' },
    ],
    [
      'LLaMA-Factory: ShareGPT',
      {
        conversations: [
          { from: 'human', value: '<video>\nDescribe it.' },
          { from: 'gpt', value: 'A dog.' },
        ],
        system: 'You are a helpful assistant.',
        tools: '',
        videos: ['x.mp4'],
      },
      { video: 'x.mp4', prompt: 'Describe it.', caption: 'A dog.' },
    ],
    [
      'LLaVA-Video: one `video`, a number as id, the tag of images, and fields for others',
      {
        id: 7,
        data_source: '0_30_s_academic',
        duration: 12.5,
        solution: 'x',
        video: 'academic_source/x.mp4',
        conversations: [
          { from: 'human', value: '<image>\nDescribe it.' },
          { from: 'gpt', value: 'A dog.' },
        ],
      },
      { id: '7', video: 'academic_source/x.mp4', prompt: 'Describe it.', caption: 'A dog.' },
    ],
    [
      'Qwen: content in parts, with a segment',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'video', video: 'file:///data/x.mp4', video_start: 2, video_end: 4.5 },
              { type: 'text', text: 'Describe it.' },
            ],
          },
          { role: 'assistant', content: [{ type: 'text', text: 'A dog.' }] },
        ],
      },
      { video: 'file:///data/x.mp4', start: 2, end: 4.5, prompt: 'Describe it.', caption: 'A dog.' },
    ],
    [
      'an image as the video',
      { messages: [{ role: 'assistant', content: 'A dog.' }], images: ['x.jpg'], videos: [], audios: null },
      { video: 'x.jpg', caption: 'A dog.' },
    ],
    [
      'fields of the project beside those of the layout',
      { messages: [{ role: 'user', content: '<video>What?' }], videos: 'x.mp4', caption: 'A dog.', events: ['runs'] },
      { video: 'x.mp4', prompt: 'What?', caption: 'A dog.', events: ['runs'] },
    ],
    [
      'a list of one video and a caption',
      { videos: ['x.mp4'], caption: 'A dog.' },
      { video: 'x.mp4', caption: 'A dog.' },
    ],
  ])('%s', async (_, row, sample) => {
    expect(await sampleOf(row)).toEqual(sample);
  });
});

test.each<[object, string]>([
  [{ type: 'video_url', video_url: { url: 'file:///data/x.mp4' } }, 'file:///data/x.mp4'],
  [{ type: 'video_url', video_url: 'x.mp4' }, 'x.mp4'],
  [{ type: 'image_url', image_url: { url: 'x.png', detail: 'high' } }, 'x.png'],
  [{ type: 'video', path: 'x.mp4' }, 'x.mp4'],
  [{ type: 'image', url: 'x.png' }, 'x.png'],
  [{ type: 'video', video: ['x.png'] }, 'x.png'],
])('a content part that names its video as %j', async (part, video) => {
  const content = [part, { type: 'text', text: 'What?' }];
  const sample = { video, prompt: 'What?', caption: 'A dog.' };
  expect(await sampleOf({ messages: [{ role: 'user', content }, turns[1]] })).toEqual(sample);
});

const turns = [
  { role: 'user', content: '<video>What?' },
  { role: 'assistant', content: 'A dog.' },
];

test.each([
  ['<video>What happens?', 'What happens?'],
  ['<|vision_start|><|video_pad|><|vision_end|>What happens?', 'What happens?'],
  ['<video>', undefined],
])('the tag of the video is no part of a `prompt` beside the fields of a layout: %s', async (text, prompt) => {
  const sample = await sampleOf({ prompt: text, response: 'A dog.', videos: ['a.mp4'] });
  expect(sample).toMatchObject({ video: 'a.mp4', caption: 'A dog.' });
  expect(sample && 'prompt' in sample ? sample.prompt : undefined).toBe(prompt);
});

test('a field that is null is an absent one', async () => {
  const row = { video: 'a.mp4', caption: 'A dog.' };
  const nulls = { start: null, end: null, fps: null, prompt: null, id: null };
  expect(await sampleOf({ ...row, ...nulls })).toEqual(await sampleOf(row));
  expect(await problemOf({ ...row, caption: null })).toEqual(await problemOf({ video: 'a.mp4' }));
  expect(await problemOf({ ...row, start: '' })).toEqual(naming('start'));
});

test.each<[object, RegExp]>([
  [{ messages: turns }, /^it names no video; add "videos"/],
  [{ messages: turns, videos: ['a.mp4', 'b.mp4'] }, /^it names 2 videos; a sample has one/],
  ...[{ videos: [['a.jpg', 'b.jpg']] }, { video: ['a.jpg', 'b.jpg'] }].map((frames): [object, RegExp] => [
    { messages: turns, ...frames },
    /list of 2 files, \["a\.jpg","b\.jpg"\]; .*name the folder/,
  ]),
  [
    { messages: [{ role: 'user', content: [{ type: 'video', video: ['a.jpg', 'b.jpg'] }] }, turns[1]] },
    /list of 2 files/,
  ],
  [{ messages: [], videos: ['a.mp4'] }, /^"messages" is empty, .*add it/],
  [{ conversations: [], id: 'a' }, /^"conversations" is empty/],
  [{ query: 'What?', response: '', videos: ['a.mp4'] }, /^"response" is empty/],
  [{ messages: [[]], videos: ['a.mp4'] }, /^"messages\.0" is \[\], not a turn$/],
  [
    { messages: [turns[0], { role: 'assistant', content: '' }], videos: ['a.mp4'] },
    /^"messages\.1\.content" is missing or empty$/,
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: {} }] }, turns[1]] },
    /^"messages\.0\.content\.0\.video_url" is missing or empty$/,
  ],
  [
    { messages: [{ role: 'user', content: [{ type: 'video', video: 'a.mp4', url: 'b.mp4' }] }, turns[1]] },
    /^"messages\.0\.content\.0" has both "video" and "url"; keep one$/,
  ],
  [{ messages: turns, videos: ['a.mp4'], images: ['b.jpg'] }, /^it names a video and an image; .*leave the image out$/],
  [{ messages: [turns[0]], videos: ['a.mp4'] }, /^"messages" has no answer .* add it/],
  [{ messages: [...turns, ...turns], videos: ['a.mp4'] }, /^"messages" has 2 turns of the user; /],
  [{ messages: turns, videos: ['a.mp4'], caption: 'x' }, /^it has its caption twice, in "messages" and as "caption"/],
  [{ messages: turns, videos: ['a.mp4'], prompt: 'x' }, /^it has its prompt twice, in "messages" and as "prompt"/],
  [{ messages: turns, conversations: turns, videos: ['a.mp4'] }, /^it has both "messages" and "conversations"; keep/],
  [{ messages: 'x', videos: ['a.mp4'] }, /^"messages" is "x", not a list of turns$/],
  [{ messages: ['x'], videos: ['a.mp4'] }, /^"messages\.0" is "x", not a turn$/],
  [
    { messages: [{ role: 'tool', content: 'x' }], videos: ['a.mp4'] },
    /^"messages\.0" is of "tool"; a sample has turns of/,
  ],
  [
    { messages: [{ role: 'user', contnet: 'x' }], videos: ['a.mp4'] },
    /^unknown "contnet", did you mean "content"\? in/,
  ],
  [{ messages: [{ rol: 'user', content: 'x' }], videos: ['a.mp4'] }, /^unknown "rol", did you mean "role"\? in/],
  [{ messages: [{ role: 'user', content: 3 }], videos: ['a.mp4'] }, /^"messages\.0\.content" is 3, not a text$/],
  [{ messages: turns, videos: ['a.mp4'], captions: 'x' }, /^unknown "captions", did you mean "caption"\?/],
  [{ messages: turns, vidoes: ['a.mp4'], video: 'a.mp4' }, /^unknown "vidoes", .*"videos"\?/],
  [{ messages: turns, videos: [3] }, /^"video" is 3, not a text$/],
  [{ messages: turns, videos: ['a.mp4'], history: [['a', 'b']] }, /^"history" has earlier turns; a sample has one/],
  [
    { messages: [{ role: 'user', content: [{ type: 'video', video: 'a.mp4', nframes: 8 }] }] },
    /^unknown "nframes" in "messages\.0\.content\.0" \(allowed: type, text, video, .*video_start, video_end\)$/,
  ],
  [
    { messages: [{ role: 'user', content: '<|im_end|>' }, turns[1]], videos: ['a.mp4'] },
    /^"prompt" is .*leave out special tokens/,
  ],
  [{ conversations: [{ from: 'gpt', value: 'x'.repeat(20_001) }], video: 'a.mp4' }, /^"caption" is longer than 20000/],
  ...['audio', 'input_audio', 'constructor', 3].map((type): [object, RegExp] => [
    { messages: [{ role: 'user', content: [{ type, url: 'a.wav' }, 'What?'] }, turns[1]] },
    new RegExp(`^"messages\\.0\\.content\\.0" is of ${JSON.stringify(type)}; a sample has parts of text, video, `),
  ]),
  ...(
    [
      [
        { type: 'text', path: 'a.wav', text: 'What?' },
        /^"messages\.0\.content\.0" has both "text" and "path"; keep one$/,
      ],
      [{ type: 'video', video: 'a.mp4', text: 'What?' }, /has both "text" and "video"; keep one$/],
      [{ type: 'image', image: 'a.png', video_end: 4 }, /has both "image" and "video_end"; keep one$/],
      [{ type: 'text', text: 'What?', video_start: 1 }, /has both "text" and "video_start"; keep one$/],
      [{ type: 'text', video: 'a.mp4' }, /is of "text" and has "video"; /],
      [{ type: 'text', url: 'a.mp4' }, /is of "text" and has "url"; /],
      [{ type: 'image', video: 'a.mp4' }, /is of "image" and has "video"; /],
      [{ type: 'video', text: 'What?' }, /is of "video" and has "text"; /],
    ] as const
  ).map(([part, problem]): [object, RegExp] => [{ messages: [{ role: 'user', content: [part] }, turns[1]] }, problem]),
  ...(['start', 'end'] as const).map((field): [object, RegExp] => [
    {
      [field]: 9,
      messages: [{ role: 'user', content: [{ type: 'video', video: 'a.mp4', [`video_${field}`]: 4 }] }, turns[1]],
    },
    new RegExp(`^it has its ${field} twice, in "messages" and as "${field}"`),
  ]),
  ...['\u200B', '\u200B \u2060\uFEFF', '\u0000'].map((caption): [object, RegExp] => [
    { video: 'a.mp4', caption },
    /^"caption" is ".*"; write a text/,
  ]),
])('says what is wrong with %j', async (row, problem) => {
  expect(await problemOf(row)).toMatch(problem);
});
