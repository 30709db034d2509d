import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { OwnSample, readJsonl } from '../../../activities/dataset/jsonl.ts';
import { bytesOf, FUZZ_TIMEOUT, fuzz, mutated, soup } from '../../fuzz.ts';

const folder = mkdtempSync(join(tmpdir(), 'videocap-fuzz-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const words = [
  ...['{', '}', '[', ']', '"', ':', ',', '\n', '\r\n', '\\', '\\u', '\\ud83d', '\0', '\uFEFF', 'null', '1e999', ' '],
  ...['"video"', '"caption"', '"id"', '"thought"', '"events"', '"subject"', '"__proto__"', '"a.mp4"', '[[[[', ']]]]'],
  '{"video":"a.mp4","caption":"A dog."}\n',
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
const content = fc.oneof(soup(words).map(bytesOf), written, mutated(written), fc.uint8Array());

test(
  'any file is lines that are samples or have a problem, or refused as a whole',
  () =>
    fuzz('jsonl', 2000, content, async (bytes) => {
      const path = join(folder, 'fuzz.jsonl');
      writeFileSync(path, bytes);
      const feeds = bytes.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
      let last = 0;
      for await (const read of readJsonl(path)) {
        expect(read.line).toBeGreaterThan(last);
        last = read.line;
        if ('sample' in read) expect(OwnSample.parse(read.sample)).toEqual(read.sample);
        else {
          expect(read.problem).not.toBe('');
          expect(read.problem.length).toBeLessThan(1000);
        }
      }
      expect(last).toBeLessThanOrEqual(feeds + 1);
    }),
  FUZZ_TIMEOUT,
);
