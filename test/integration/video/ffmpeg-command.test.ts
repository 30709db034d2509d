import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FfmpegFailure, runFfmpeg } from '../../../video/ffmpeg-command.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-command-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const raw = ['-f', 'rawvideo', '-pixel_format', 'gray', '-video_size', '16x16', '-framerate', '1'];
const copy = ['-pix_fmt', 'gray', '-f', 'rawvideo'];
const picture = (level: number) => Buffer.alloc(256, level);
/** A video that never ends: ffmpeg waits for more. */
const endless = () => new Readable({ read() {} });

test('returns what ffmpeg writes, whole', async () => {
  const input = Readable.from(Array.from({ length: 500 }, (_, i) => picture(i % 256)));
  const { stdout } = await runFfmpeg({ input, inputOptions: raw, outputOptions: copy });
  expect(stdout).toHaveLength(500 * 256);
  expect([stdout[0], stdout[255 * 256], stdout[499 * 256 + 255]]).toEqual([0, 255, 499 - 256]);
});

test('overwrites an existing output file', async () => {
  const output = join(folder, 'out.raw');
  await writeFile(output, 'before');
  await runFfmpeg({ input: Readable.from([picture(7)]), inputOptions: raw, outputOptions: copy, output });
  expect(await readFile(output)).toEqual(picture(7));
});

test('says what ffmpeg said when it refuses', async () => {
  const refused = runFfmpeg({
    input: Readable.from([picture(7)]),
    inputOptions: raw,
    outputOptions: ['-vf', 'nosuchfilter', ...copy],
  });
  await expect(refused).rejects.toMatchObject({ kind: 'refused', stderr: expect.stringContaining('nosuchfilter') });
  await expect(refused).rejects.toBeInstanceOf(FfmpegFailure);
});

test('waits for room where the disk that it writes to is full, and says where', async () => {
  const run = runFfmpeg({
    input: Readable.from([picture(7)]),
    inputOptions: raw,
    outputOptions: copy,
    output: '/dev/full',
  });
  await expect(run).rejects.toMatchObject({
    code: 'Unavailable',
    message: expect.stringContaining('ffmpeg cannot write /dev/full: no space left on device; make room there'),
  });
});

test('ends a run that takes too long or writes too much', async () => {
  await expect(
    runFfmpeg({ input: endless(), inputOptions: raw, outputOptions: copy, timeoutSeconds: 0.3 }),
  ).rejects.toMatchObject({ kind: 'late', message: 'ffmpeg did not finish within 0.3 s' });
  const much = Readable.from(Array.from({ length: 100 }, () => picture(1)));
  await expect(
    runFfmpeg({ input: much, inputOptions: raw, outputOptions: copy, maxOutputBytes: 1000 }),
  ).rejects.toMatchObject({ kind: 'excess', message: 'ffmpeg wrote more than 1000 bytes' });
});

test('ends with the reason when it is cancelled', async () => {
  const reason = new Error('the run was cancelled');
  const controller = new AbortController();
  const run = runFfmpeg({ input: endless(), inputOptions: raw, outputOptions: copy, signal: controller.signal });
  controller.abort(reason);
  await expect(run).rejects.toBe(reason);
  await expect(
    runFfmpeg({ input: endless(), inputOptions: raw, outputOptions: copy, signal: controller.signal }),
  ).rejects.toBe(reason);
});

test('passes on the error of a stream that breaks', async () => {
  const broken = new Error('no more pictures');
  function* pictures() {
    yield picture(1);
    throw broken;
  }
  await expect(runFfmpeg({ input: Readable.from(pictures()), inputOptions: raw, outputOptions: copy })).rejects.toBe(
    broken,
  );
});
