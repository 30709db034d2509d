import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runFfmpeg } from '../../../video/ffmpeg-command.ts';
import { probeVideo } from '../../../video/probe.ts';
import { faultOf } from '../../../video/whole-file.ts';
import { makeVideo } from './make-video.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-broken-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CUT = 'it is cut short, the end of the file';
const refusal = (name: string) => probeVideo(at(name)).catch((error) => error.message as string);

const FRAGMENTS = ['-g', '4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'];
const WHOLE: readonly (readonly [title: string, name: string, recipe: Parameters<typeof makeVideo>[1]])[] = [
  ['mp4 with its index at the end', 'end.mp4', {}],
  ['mp4 with its index at the start', 'start.mp4', { options: ['-movflags', '+faststart'] }],
  ['fragmented mp4', 'fragments.mp4', { options: FRAGMENTS }],
  ['mp4 of one fragment a frame', 'frames.mp4', { options: ['-movflags', 'frag_every_frame+empty_moov'] }],
  [
    'mp4 with an index of its segments',
    'segments.mp4',
    { options: ['-g', '4', '-movflags', 'dash+frag_keyframe+global_sidx'] },
  ],
  ['QuickTime', 'a.mov', { codec: ['-c:v', 'mjpeg', '-pix_fmt', 'yuvj420p'] }],
  ['matroska', 'a.mkv', {}],
  ['live matroska, which does not say its size', 'live.mkv', { options: ['-live', '1'] }],
  ['WebM', 'a.webm', { codec: ['-c:v', 'libvpx', '-b:v', '1M', '-pix_fmt', 'yuv420p'] }],
  ['MPEG-TS', 'a.ts', {}],
  ['FLV', 'a.flv', {}],
  ['AVI', 'a.avi', { codec: ['-c:v', 'mpeg4'] }],
  ['WMV', 'a.wmv', { codec: ['-c:v', 'wmv2'] }],
  ['Ogg', 'a.ogv', { codec: ['-c:v', 'libtheora', '-pix_fmt', 'yuv420p'] }],
];

describe.each(WHOLE)('%s', (_, name, recipe) => {
  test('is whole', async () => {
    await makeVideo(at(name), recipe);
    expect(await faultOf(at(name))).toBeUndefined();
    expect(await probeVideo(at(name))).toMatchObject({ frames: 24 });
  });

  test('is found cut short wherever it is cut in its pictures', async () => {
    const bytes = await readFile(at(name));
    for (const share of [0.3, 0.5, 0.63, 0.8]) {
      // Not between two packets of a transport stream, where nothing tells.
      const length = Math.floor((bytes.length * share) / 188) * 188 + 100;
      await writeFile(at(`cut-${name}`), bytes.subarray(0, length));
      expect(await refusal(`cut-${name}`)).toContain(`Video ${at(`cut-${name}`)} cannot be read: ${CUT}`);
    }
  });
});

test('a fragmented file that ends with a whole fragment head but without its pictures is cut short', async () => {
  await makeVideo(at('head.mp4'), { options: FRAGMENTS });
  const bytes = await readFile(at('head.mp4'));
  const content = bytes.lastIndexOf('mdat') - 4;
  for (const length of [content, content + 4, content + 12]) {
    await writeFile(at('head.mp4'), bytes.subarray(0, length));
    expect(await refusal('head.mp4')).toContain(CUT);
  }
});

test('a segment of a stream without its header is named as that, and is good with it', async () => {
  await makeVideo(at('stream.mp4'), { options: FRAGMENTS });
  const bytes = await readFile(at('stream.mp4'));
  const header = bytes.indexOf('moof') - 4;
  await writeFile(at('segment.m4s'), bytes.subarray(header));
  expect(await refusal('segment.m4s')).toContain(`${at('segment.m4s')} is a segment of a stream`);
  await writeFile(at('joined.mp4'), Buffer.concat([bytes.subarray(0, header), bytes.subarray(header)]));
  expect(await probeVideo(at('joined.mp4'))).toMatchObject({ frames: 24 });
});

test('a file of which no picture is left says that', async () => {
  await makeVideo(at('empty.mp4'), { options: ['-movflags', '+faststart'] });
  const bytes = await readFile(at('empty.mp4'));
  await writeFile(at('empty.mp4'), bytes.fill(0, bytes.lastIndexOf('mdat') + 4));
  expect(await refusal('empty.mp4')).toContain('cannot be read: none of its pictures can be decoded');
});

describe('no frame is missing, so it is taken:', () => {
  test('a matroska cut in the index behind its pictures', async () => {
    await makeVideo(at('cues.mkv'));
    await truncate(at('cues.mkv'), (await stat(at('cues.mkv'))).size - 8);
    expect(await probeVideo(at('cues.mkv'))).toMatchObject({ frames: 24 });
  });

  test('a fragmented mp4 cut in the list of fragments behind its pictures', async () => {
    await makeVideo(at('list.mp4'), { options: FRAGMENTS });
    await truncate(at('list.mp4'), (await stat(at('list.mp4'))).size - 8);
    expect(await probeVideo(at('list.mp4'))).toMatchObject({ frames: 24 });
  });

  test('an AVI without its index', async () => {
    await makeVideo(at('index.avi'), { codec: ['-c:v', 'mpeg4'] });
    const bytes = await readFile(at('index.avi'));
    await writeFile(at('index.avi'), bytes.subarray(0, bytes.lastIndexOf('idx1') + 20));
    expect(await probeVideo(at('index.avi'))).toMatchObject({ frames: 24 });
  });

  test('files with zeros behind their end', async () => {
    for (const [name, more] of [
      ['z.mp4', []],
      ['z.mkv', []],
      ['z.avi', ['-c:v', 'mpeg4']],
    ] as const) {
      await makeVideo(at(name), more.length > 0 ? { codec: more } : {});
      await writeFile(at(name), Buffer.concat([await readFile(at(name)), Buffer.alloc(5000)]));
      expect(await probeVideo(at(name))).toMatchObject({ frames: 24 });
    }
  });
});

describe('encrypted pictures are named, with the remedy:', () => {
  const ENCRYPTED =
    /cannot be read: its pictures are encrypted; decrypt the file with its key first, an mp4 so: ffmpeg -decryption/;
  const key = '00112233445566778899aabbccddeeff';

  test.each([
    ['mp4', []],
    ['fragmented mp4', FRAGMENTS],
  ])('%s (CENC)', async (_, more) => {
    const options = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', key, '-encryption_kid', key, ...more];
    await makeVideo(at('cenc.mp4'), { options });
    expect(await refusal('cenc.mp4')).toMatch(ENCRYPTED);
  });

  test('matroska', async () => {
    await makeVideo(at('plain.mkv'), { options: ['-write_crc32', '0'] });
    const bytes = await readFile(at('plain.mkv'));
    // The codec's private data become an element of the same size that says: encrypted with AES.
    const place = bytes.indexOf(Buffer.from('63a2', 'hex'));
    const size = bytes[place + 2]! & 0x7f;
    const encodings = Buffer.from('6d80 8e 6240 8b 5033 81 01 5035 84 47e1 81 05'.replaceAll(' ', ''), 'hex');
    const rest = 3 + size - encodings.length;
    const filling = Buffer.concat([Buffer.from([0xec, 0x80 | (rest - 2)]), Buffer.alloc(rest - 2)]);
    Buffer.concat([encodings, filling]).copy(bytes, place);
    await writeFile(at('encrypted.mkv'), bytes);
    expect(await refusal('encrypted.mkv')).toMatch(ENCRYPTED);
  });

  test('a scrambled transport stream', async () => {
    await makeVideo(at('open.ts'));
    const bytes = await readFile(at('open.ts'));
    for (let packet = 0; packet < bytes.length; packet += 188)
      if (bytes.readUInt16BE(packet + 1) % 0x2000 === 0x100) bytes[packet + 3]! |= 0x80;
    await writeFile(at('scrambled.ts'), bytes);
    expect(await refusal('scrambled.ts')).toMatch(ENCRYPTED);
  });
});

describe('no title changes what is found:', () => {
  const WORDS = [
    'a partial file',
    'moov atom not found',
    'File ended prematurely',
    'stream 0, offset 0x51b9: partial file',
    "Stream map '0:V:0' matches no streams.",
    'Picture size 65535x65535 is invalid',
    "Format not on whitelist 'mov'",
    'Error opening input: Cannot allocate memory',
    'pthread_create() failed: Resource temporarily unavailable',
    'Received > 3 system signals, hard exiting',
    'No space left on device',
    'its pictures are encrypted',
    'displaymatrix: rotation of 90.00 degrees',
  ];
  const title = WORDS.flatMap((words) => [words, `[error] ${words}`, `[in#0 @ 0x1] [error] ${words}`]).join('\n');
  const titled = ['-metadata', `title=${title}`, '-metadata:s:v:0', `title=${title}`, '-metadata', `comment=${title}`];

  test.each(['mp4', 'mkv', 'avi', 'flv', 'nut'])('a good %s', async (ending) => {
    await makeVideo(at(`title.${ending}`), { width: 128, options: titled });
    expect(await probeVideo(at(`title.${ending}`))).toMatchObject({ frames: 24, width: 128, height: 64 });
  });

  test.each(['mp4', 'mkv', 'flv'])('a cut %s', async (ending) => {
    await makeVideo(at(`hurt.${ending}`), {
      options: [...titled, ...(ending === 'mp4' ? ['-movflags', '+faststart'] : [])],
    });
    await truncate(at(`hurt.${ending}`), Math.floor((await stat(at(`hurt.${ending}`))).size * 0.7));
    expect(await refusal(`hurt.${ending}`)).toContain(`cannot be read: ${CUT}`);
  });

  test('sound without pictures', async () => {
    await runFfmpeg({
      input: Readable.from([Buffer.alloc(16_000)]),
      inputOptions: ['-f', 's16le', '-ar', '8000', '-ac', '1'],
      outputOptions: ['-c:a', 'aac', '-metadata', `title=${title}`, '-f', 'mp4'],
      output: at('title-sound.mp4'),
    });
    expect(await refusal('title-sound.mp4')).toContain('cannot be read: it has no video stream; check');
  });

  test('an encrypted mp4', async () => {
    const key = '00112233445566778899aabbccddeeff';
    const cenc = ['-encryption_scheme', 'cenc-aes-ctr', '-encryption_key', key, '-encryption_kid', key];
    await makeVideo(at('title-cenc.mp4'), { options: [...cenc, ...titled] });
    expect(await refusal('title-cenc.mp4')).toContain('cannot be read: its pictures are encrypted; decrypt');
  });
});
