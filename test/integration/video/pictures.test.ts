import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clip, frameOf } from '../../../video/clip.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { openClip } from '../../../video/open-clip.ts';
import type { Segment } from '../../../video/segment.ts';
import { contentOf } from '../../../video/video-content.ts';
import { frameOfGrey, greyOf, makeVideo } from './make-video.ts';

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-pictures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const options = (raw: object = {}) => FrameOptions.parse(raw);
type Format = 'image/png' | 'image/jpeg' | 'image/webp';

function picture(css: string, format: Format = 'image/png', [width, height] = [64, 64]): Buffer {
  const canvas = createCanvas(width!, height!);
  const context = canvas.getContext('2d');
  context.fillStyle = css;
  context.fillRect(0, 0, width!, height!);
  return format === 'image/png' ? canvas.toBuffer(format) : canvas.toBuffer(format as 'image/jpeg', 95);
}

const grey = (frame: number) => `rgb(${greyOf(frame)},${greyOf(frame)},${greyOf(frame)})`;

async function folderOf(name: string, files: Record<string, Buffer>): Promise<string> {
  await mkdir(at(name), { recursive: true });
  for (const [file, bytes] of Object.entries(files)) await writeFile(at(name, file), bytes);
  return at(name);
}

function numbersIn(clip: Clip): number[] {
  return Array.from({ length: clip.shape[0] }, (_, i) => {
    const frame = frameOf(clip, i);
    return frameOfGrey(frame.reduce((sum, level) => sum + level, 0) / frame.length);
  });
}

const pixel = (clip: Clip, x: number, y: number) => {
  const [, height, width] = clip.shape;
  const start = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
  return [...frameOf(clip, 0).subarray(start, start + 3)];
};

const refused = (path: string, reason: RegExp, excerpt: object = {}) =>
  expect(openClip(path, options(), excerpt)).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringMatching(reason),
  });

describe('a folder of pictures', () => {
  test('is seen in natural order, in all three formats, without what is no picture', async () => {
    const path = await folderOf('mixed', {
      'f-2.png': picture(grey(2)),
      'f-10.webp': picture(grey(10), 'image/webp'),
      'f-1.jpg': picture(grey(1), 'image/jpeg'),
      'F-9.JPEG': picture(grey(9), 'image/jpeg'),
      'Thumbs.db': Buffer.from('x'),
      '.hidden.png': Buffer.from('x'),
    });
    expect(numbersIn(await openClip(path, options({ count: 4, sampling: 'ends' })))).toEqual([1, 2, 9, 10]);
    expect((await openClip(path, options())).shape).toEqual([8, 84, 84, 3]);
  });

  test('is sampled as a video with those frames is', async () => {
    const files = Array.from({ length: 24 }, (_, i) => [`${i}.png`, picture(grey(i))] as const);
    const path = await folderOf('same', Object.fromEntries(files));
    await makeVideo(at('same.mp4'));
    const cases: [object, Segment][] = [
      [{}, {}],
      [{ sampling: 'ends' }, {}],
      [{ fps: 3 }, {}],
      [{ count: 4 }, { start: 1, end: 2 }],
    ];
    for (const [raw, segment] of cases) {
      const pictures = await openClip(path, options(raw), { ...segment, fps: 8 });
      const video = await openClip(at('same.mp4'), options(raw), segment);
      expect(numbersIn(pictures)).toEqual(numbersIn(video));
      expect(pictures.times.map((time) => time.toFixed(6))).toEqual(video.times.map((time) => time.toFixed(6)));
    }
  });

  test('may say when each picture is seen', async () => {
    const path = await folderOf('timed', {
      'a.png': picture(grey(1)),
      'b.png': picture(grey(2)),
      'c.png': picture(grey(3)),
    });
    // The first picture stays for 8 of 12 seconds.
    const clip = await openClip(path, options({ count: 6 }), { times: [10, 18, 18.5] });
    const seen = clip.times.map((time) => (time < 8 ? 1 : time < 8.5 ? 2 : 3));
    expect(numbersIn(clip)).toEqual(seen);
    expect(seen).toEqual([1, 1, 1, 1, 3, 3]);
    await refused(path, /"times" has 2 entries, but folder .*timed has 3 pictures; give each a time/, {
      times: [0, 1],
    });
  });

  test('brings pictures of other sizes to the size of the first', async () => {
    const path = await folderOf('sizes', {
      '1.png': picture(grey(1), 'image/png', [128, 64]),
      '2.png': picture(grey(2), 'image/png', [30, 70]),
    });
    const clip = await openClip(path, options({ count: 2 }));
    expect(clip.shape).toEqual([2, 56, 112, 3]);
    expect(numbersIn(clip)).toEqual([1, 2]);
  });

  test('is known by its pictures, in order', async () => {
    const [a, b] = [picture(grey(1)), picture(grey(2))];
    const one = await contentOf(await folderOf('one', { 'a.png': a, 'b.png': b }));
    const two = await contentOf(await folderOf('two', { '1.png': a, '2.png': b, 'note.txt': Buffer.from('x') }));
    const turned = await contentOf(await folderOf('turned', { '1.png': b, '2.png': a }));
    expect(two).toEqual(one);
    expect(turned.sha256).not.toBe(one.sha256);
    expect(one.bytes).toBe(a.length + b.length);
  });

  test('without pictures is refused, as is one that holds a broken picture, which is named', async () => {
    await refused(
      await folderOf('none', { 'a.txt': Buffer.from('x') }),
      /Folder .*none has no pictures; name a folder/,
    );
    const path = await folderOf('broken', { '1.png': picture(grey(1)), '2.png': picture(grey(2)).subarray(0, 120) });
    await refused(
      path,
      /^Picture .*broken\/2\.png cannot be read: it is cut short, .*; save it again as a PNG or JPEG\.$/,
    );
    const text = await folderOf('text', { '1.png': Buffer.from('#EXTM3U\n/etc/passwd\n') });
    await refused(text, /Picture .*1\.png cannot be read: it is no PNG, JPEG or WebP picture, or one that moves/);
  });
});

describe('a picture', () => {
  test.each<[string, Format]>([
    ['a.png', 'image/png'],
    ['a.jpg', 'image/jpeg'],
    ['a%03d.webp', 'image/webp'],
  ])('%s is a video that does not move', async (name, format) => {
    await writeFile(at(name), picture(grey(5), format, [128, 64]));
    const clip = await openClip(at(name), options());
    expect(clip).toMatchObject({ shape: [8, 56, 112, 3], times: Array(8).fill(0), durationSeconds: 0 });
    expect(numbersIn(clip)).toEqual(Array(8).fill(5));
    expect((await openClip(at(name), options({ fps: 2 }))).shape[0]).toBe(2);
  });

  test('is turned as Exif says', async () => {
    const canvas = createCanvas(128, 64);
    const context = canvas.getContext('2d');
    for (const [i, css] of ['rgb(220,20,20)', 'rgb(20,20,220)'].entries()) {
      context.fillStyle = css;
      context.fillRect(i * 64, 0, 64, 64);
    }
    const jpeg = canvas.toBuffer('image/jpeg', 95);
    const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0];
    const exif = Buffer.concat([
      Buffer.from([0xff, 0xe1, 0, 8 + tiff.length]),
      Buffer.from('Exif\0\0'),
      Buffer.from(tiff),
    ]);
    await writeFile(at('turned.jpg'), Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]));
    const clip = await openClip(at('turned.jpg'), options());
    // 90 degrees clockwise: what was left is above.
    expect(clip.shape).toEqual([8, 112, 56, 3]);
    expect(pixel(clip, 0.5, 0.2)[0]).toBeGreaterThan(180);
    expect(pixel(clip, 0.5, 0.8)[2]).toBeGreaterThan(180);
  });

  test.each<Format>(['image/png', 'image/webp'])('shows what is transparent in %s on white', async (format) => {
    const canvas = createCanvas(64, 64);
    const context = canvas.getContext('2d');
    context.fillStyle = 'rgba(255,0,0,0.5)';
    context.fillRect(0, 0, 32, 64);
    const path = at(`see-through.${format.slice(6)}`);
    await writeFile(
      path,
      format === 'image/png' ? canvas.toBuffer(format) : canvas.toBuffer(format as 'image/jpeg', 95),
    );
    const clip = await openClip(path, options());
    const near = (colour: number[], expected: number[]) =>
      expect(Math.max(...colour.map((level, i) => Math.abs(level - expected[i]!)))).toBeLessThan(12);
    near(pixel(clip, 0.2, 0.5), [255, 127, 127]);
    near(pixel(clip, 0.8, 0.5), [255, 255, 255]);
  });

  test('that is cut short or damaged is refused', async () => {
    const canvas = createCanvas(200, 150);
    const context = canvas.getContext('2d');
    for (let i = 0; i < 3000; i++) {
      context.fillStyle = `hsl(${(i * 97) % 360},80%,50%)`;
      context.fillRect((i * 37) % 200, (i * 53) % 150, 5, 5);
    }
    await writeFile(at('noise.jpg'), canvas.toBuffer('image/jpeg', 90));
    expect((await openClip(at('noise.jpg'), options())).shape[0]).toBe(8);
    const jpeg = picture('red', 'image/jpeg', [400, 300]);
    await writeFile(at('short.jpg'), jpeg.subarray(0, jpeg.length - 200));
    await refused(at('short.jpg'), /Picture .*short\.jpg cannot be read: it is cut short/);
    const webp = picture('red', 'image/webp', [400, 300]);
    await writeFile(at('short.webp'), webp.subarray(0, webp.length - 20));
    await refused(at('short.webp'), /short\.webp cannot be read: it is cut short/);
    const png = Buffer.from(picture('red', 'image/png', [400, 300]));
    png.fill(0x5a, 60, png.length - 20);
    await writeFile(at('damaged.png'), png);
    await refused(at('damaged.png'), /damaged\.png cannot be read: it is damaged/);
    const noise = Buffer.from(await readFile(at('noise.jpg')));
    noise.fill(0xff, 2000, 6000);
    await writeFile(at('damaged.jpg'), noise);
    await refused(at('damaged.jpg'), /damaged\.jpg cannot be read: it is damaged/);
  });

  test('that claims to be huge is refused, not decoded', async () => {
    const png = Buffer.from(picture('red'));
    png.writeUInt32BE(60_000, 16);
    png.writeUInt32BE(60_000, 20);
    await writeFile(at('bomb.png'), png);
    await refused(at('bomb.png'), /bomb\.png cannot be read/);
  });

  test('has no rate and no segment', async () => {
    await refused(at('a.png'), /a\.png lasts 0\.00 s, but its segment starts at 1 s/, { start: 1, end: 2 });
    await makeVideo(at('video.mp4'), { frames: 2 });
    await refused(at('video.mp4'), /^"fps" states when the pictures .*video\.mp4 is no folder.* set frames\.fps/, {
      fps: 2,
    });
  });

  test('a video that is named like a picture is a video', async () => {
    await copyFile(at('video.mp4'), at('video.jpg'));
    expect((await openClip(at('video.jpg'), options())).shape).toEqual([8, 84, 84, 3]);
  });

  test('in a folder may be a link', async () => {
    const path = await folderOf('links', {});
    await symlink(at('a.png'), join(path, '1.png'));
    await symlink(at('nowhere.png'), join(path, '2.png'));
    expect((await openClip(path, options({ count: 2 }))).shape[0]).toBe(2);
    expect((await contentOf(path)).bytes).toBe((await readFile(at('a.png'))).length);
  });
});
