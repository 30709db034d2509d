import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { OwnSample } from '../../../datasets/own-sample.ts';
import { bytesOf, mutated, soup } from '../../fuzz/inputs.ts';

const words = [
  ...['{', '}', '[', ']', '"', ':', ',', '\n', '\r\n', '\\', '\\u', '\\ud83d', '\0', '\uFEFF', 'null', '1e999', ' '],
  ...['"video"', '"caption"', '"id"', '"thought"', '"events"', '"subject"', '"__proto__"', '"a.mp4"', '[[[[', ']]]]'],
  '{"video":"a.mp4","caption":"A dog."}\n',
  ...[
    '[{',
    '}]',
    '},{',
    '"messages"',
    '"videos"',
    '"conversations"',
    '"role"',
    '"user"',
    '"content"',
    '"from"',
    '"value"',
  ],
  '[{"messages":[{"role":"assistant","content":"A dog."}],"videos":["a.mp4"]},',
];
const list = fc.array(fc.string(), { maxLength: 3 });
const line = fc
  .record(
    {
      id: fc.string(),
      video: fc.string(),
      caption: fc.string(),
      thought: fc.array(fc.record({ subject: fc.string(), attributes: list, actions: list }), { maxLength: 2 }),
      events: list,
      more: fc.jsonValue(),
    },
    { requiredKeys: ['video', 'caption'] },
  )
  .map((sample) => JSON.stringify(sample));
const written = fc.array(fc.oneof(line, fc.json()), { maxLength: 4 }).map((lines) => bytesOf(lines.join('\n')));
export const inputs = fc.oneof(soup(words).map(bytesOf), written, mutated(written), fc.uint8Array());

export async function subject(bytes: Uint8Array, folder: string): Promise<void> {
  const path = join(folder, 'fuzz.jsonl');
  writeFileSync(path, bytes);
  const counted = (wanted: number) => bytes.reduce((count, byte) => count + (byte === wanted ? 1 : 0), 0);
  const [feeds, commas] = [counted(0x0a), counted(0x2c)];
  let array = false;
  let last = 0;
  for await (const read of readJsonl(path)) {
    assert(read.line > last);
    last = read.line;
    array = read.unit === 'entry';
    if ('sample' in read) assert.deepEqual(OwnSample.parse(read.sample), read.sample);
    else assert(read.problem !== '' && read.problem.length < 1000, read.problem);
  }
  // Text after the end of the list gives one more problem.
  assert(last <= (array ? commas + 2 : feeds + 1));
}
