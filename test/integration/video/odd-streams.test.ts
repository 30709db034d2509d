import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extractClip } from '../../../video/extract-frames.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { openClip } from '../../../video/open-clip.ts';
import { ffmpegTool } from './ffmpeg-tool.ts';
import { expectFrames, numbersIn, RAMP } from './ramp.ts';

const OPTIONS = FrameOptions.parse({});
const H264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-qp', '4', '-pix_fmt', 'yuv420p'];
const PATTERN = ['-f', 'lavfi', '-i', 'testsrc2=s=224x128:r=25:d=4'];
let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-odd-'));
  await ffmpegTool('-f', 'lavfi', '-i', RAMP, ...H264, '-g', '100', '-bf', '2', at('ramp.mp4'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('pictures that change on the way', () => {
  test('a turned video whose picture changes its size is seen to its end', async () => {
    for (const [i, size] of ['64x64', '128x96', '32x32'].entries()) {
      const grey = `color=black:s=${size}:r=25:d=2,format=yuv420p,geq=lum='16+N+${50 * i}':cb=128:cr=128`;
      await ffmpegTool('-f', 'lavfi', '-i', grey, ...H264, '-bf', '0', '-f', 'h264', at('part'));
      await appendFile(at('sizes.h264'), await readFile(at('part')));
    }
    await ffmpegTool('-i', at('sizes.h264'), '-c', 'copy', at('sizes.mp4'));
    await ffmpegTool('-display_rotation', '90', '-i', at('sizes.mp4'), '-c', 'copy', at('turned.mp4'));
    const clip = await extractClip(at('turned.mp4'), { ...OPTIONS, count: 10 });
    expectFrames(clip, [7, 22, 37, 52, 67, 82, 97, 112, 127, 142]);
  });
});

describe('times that no decoder keeps', () => {
  test.each(['mp4', 'mov', 'ts'])('cuts joined by stream copy are shown as ffmpeg shows them: %s', async (format) => {
    for (const [name, from] of [
      ['a', '1.3'],
      ['b', '5.1'],
    ] as const)
      await ffmpegTool('-ss', from, '-i', at('ramp.mp4'), '-t', '1.5', '-c', 'copy', at(`${name}.mp4`));
    await writeFile(at('list.txt'), "file 'a.mp4'\nfile 'b.mp4'\nfile 'a.mp4'\n");
    const path = at(`joined.${format}`);
    await ffmpegTool('-f', 'concat', '-i', at('list.txt'), '-c', 'copy', path).catch(() => undefined);
    const clip = await extractClip(path, { ...OPTIONS, count: 24 });
    // Both cuts are seen: frames around number 40 and around number 135.
    const numbers = numbersIn(clip);
    expect(numbers.filter((number) => number < 75).length).toBeGreaterThan(8);
    expect(numbers.filter((number) => number > 120).length).toBeGreaterThan(4);
  });

  test.each(['mp4', 'mkv', 'ts'])('cuts that overlap by half a frame are good: %s', async (format) => {
    const cut = ['-g', '100', '-bf', '2', '-frames:v', '30'];
    await ffmpegTool('-f', 'lavfi', '-i', RAMP, ...H264, ...cut, at('half.mp4'));
    await writeFile(at('half.txt'), "file 'half.mp4'\nduration 1.1\nfile 'half.mp4'\n");
    const path = at(`half.${format === 'mp4' ? 'joined.mp4' : format}`);
    await ffmpegTool('-f', 'concat', '-i', at('half.txt'), '-c', 'copy', path);
    const clip = await extractClip(path, { ...OPTIONS, count: 10 });
    const numbers = clip.times.map((time) => Math.floor((time < 1.13 ? time : time - 1.1) * 25 + 1e-6));
    expectFrames(clip, numbers);
  });

  test.each([
    ['AVI', 'vfr.avi', H264],
    ['MPEG-PS', 'vfr.mpg', ['-c:v', 'mpeg2video', '-q:v', '2']],
  ])('%s of variable rate with B-frames shows what ffmpeg shows', async (_, name, codec) => {
    const kept = "select='not(between(mod(n,40),10,25))'";
    const passed = ['-fps_mode', 'passthrough', ...codec, '-bf', '2', '-g', '50'];
    await ffmpegTool('-f', 'lavfi', '-i', `${RAMP},${kept}`, ...passed, at(name));
    const times = ['-vf', 'settb=AVTB', '-enc_time_base', '1:1000000', '-fps_mode', 'passthrough', '-f', 'framecrc'];
    await ffmpegTool('-i', at(name), ...times, at('times'));
    const lines = (await readFile(at('times'), 'utf8')).split('\n').filter((line) => /^0,/.test(line));
    const begins = lines.map((line) => Number(line.split(',')[2]));
    const numbers = [...Array(200).keys()].filter((n) => n % 40 < 10 || n % 40 > 25);
    const clip = await extractClip(at(name), { ...OPTIONS, count: 20 });
    expectFrames(
      clip,
      clip.times.map((time) => numbers[begins.findLastIndex((begin) => begin - begins[0]! <= time * 1e6 + 1)]!),
    );
  });

  test('a recording of intra-refresh that begins between key frames is shown from its recovery point', async () => {
    const refresh = ['-x264-params', 'intra-refresh=1:keyint=25', '-bf', '0'];
    await ffmpegTool('-f', 'lavfi', '-i', RAMP, ...H264, ...refresh, at('refresh.ts'));
    const bytes = await readFile(at('refresh.ts'));
    const packets = Math.floor(bytes.length / 188);
    await writeFile(at('middle.ts'), bytes.subarray(188 * Math.floor(packets / 4)));
    const clip = await extractClip(at('middle.ts'), OPTIONS);
    const first = 200 - Math.round(clip.durationSeconds * 25);
    expect(first).toBeGreaterThan(30);
    expectFrames(
      clip,
      clip.times.map((time) => first + Math.floor(time * 25 + 1e-6)),
    );
  });
});

test('a fragmented file may be cut in its last sound, but not in a picture', async () => {
  const sound = ['-f', 'lavfi', '-i', 'sine=d=4', '-c:a', 'aac'];
  const fragments = ['-g', '25', '-movflags', 'frag_keyframe+empty_moov'];
  await ffmpegTool(...PATTERN, ...sound, ...H264, ...fragments, at('fragments.mp4'));
  const bytes = await readFile(at('fragments.mp4'));
  const last = bytes.lastIndexOf('mdat');
  const end = last - 4 + bytes.readUInt32BE(last - 4);
  await writeFile(at('sound.mp4'), bytes.subarray(0, end - 100));
  await writeFile(at('picture.mp4'), bytes.subarray(0, last + 500));
  const [whole, cut] = [await extractClip(at('fragments.mp4'), OPTIONS), await extractClip(at('sound.mp4'), OPTIONS)];
  expect(Buffer.compare(cut.data as Buffer, whole.data as Buffer)).toBe(0);
  await expect(extractClip(at('picture.mp4'), OPTIONS)).rejects.toMatchObject({ code: 'InvalidVideo' });
});

test('an AVIF picture is refused as what it is', async () => {
  const still = ['-frames:v', '1', '-c:v', 'libaom-av1', '-cpu-used', '8', '-still-picture', '1'];
  await ffmpegTool(...PATTERN, ...still, at('still.avif'));
  await expect(openClip(at('still.avif'), OPTIONS)).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringMatching(/still\.avif is an AVIF or HEIC picture/),
  });
});

test('a picture that is too long is refused with its path', async () => {
  await ffmpegTool('-f', 'lavfi', '-i', 'color=s=3000x10', '-frames:v', '1', at('long.png'));
  await expect(openClip(at('long.png'), OPTIONS)).rejects.toMatchObject({
    code: 'InvalidVideo',
    message: expect.stringMatching(/long\.png has 3000x10 pixels/),
  });
});
