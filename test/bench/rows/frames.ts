import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeClip } from '../../../video/clip.ts';
import { findFfmpeg } from '../../../video/ffmpeg-binary.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { openClip } from '../../../video/open-clip.ts';
import { contentOf } from '../../../video/video-content.ts';
import { THREADS } from '../floor/gemm-floor.ts';
import { type Goal, timesAsFastAs, timesTheFloor } from '../goal.ts';
import { median } from '../median.ts';
import { PythonPeer } from '../python-peer.ts';
import type { OpenRow, Row } from '../row.ts';
import { MINUTE, makeTestVideo, SHORT, TEN_MINUTES, TEN_SECONDS, type TestVideo } from './test-videos.ts';

const FRAMES = 16;
const READERS = ['torchcodec', 'decord'];
/** A ten-minute clip may take so many times as long as one of a minute. */
const LONGER = 1.3;
const OPTIONS = FrameOptions.parse({ count: FRAMES, sampling: 'ends', minPixels: 50_176, maxPixels: 100_352 });

const WORK =
  `Take ${FRAMES} frames, the first and the last among them, from an H.264 file and resize them by Qwen2-VL's rule. ` +
  'Here with the hash of a file that was never seen and the bytes of the clip that the store keeps; qwen-vl-utils ' +
  'with the same number of frames and the same size, in a process that has imported it before.';

/** Frames that no run has taken before. */
export const coldFrames: Row[] = [
  {
    ...{ name: 'frames-short', title: 'frames cold, 2 s of 320 x 240', unit: 's', work: WORK, minutes: 2 },
    goals: [timesTheFloor(1.5)],
    open: () => openFrames(SHORT, { ffmpegStart: true }),
  },
  {
    ...{ name: 'frames-10-s', title: 'frames cold, 10 s of 720p', unit: 's', work: WORK, minutes: 2 },
    goals: READERS.map((reader) => timesAsFastAs(`qwen-vl-utils, ${reader}`, 1.5)),
    open: () => openFrames(TEN_SECONDS, {}),
  },
  {
    ...{ name: 'frames-10-min', title: 'frames cold, 10 min of 720p', unit: 's', work: WORK, minutes: 6 },
    goals: [...READERS.map((reader) => timesAsFastAs(`qwen-vl-utils, ${reader}`, 1.5)), atMostLonger()],
    open: () => openFrames(TEN_MINUTES, { beside: MINUTE }),
  },
];

function atMostLonger(): Goal {
  return {
    text: `<= ${LONGER}x of a 1-minute clip`,
    isMet: ({ peers }) => {
      const shorter = peers.find(({ name }) => name.startsWith('a 1-minute clip'));
      return shorter && 'ratio' in shorter ? 1 / shorter.ratio <= LONGER : undefined;
    },
  };
}

async function openFrames(
  video: TestVideo,
  { beside, ffmpegStart = false }: { beside?: TestVideo; ffmpegStart?: boolean },
): Promise<OpenRow> {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-frames-'));
  const path = await makeTestVideo(folder, video);
  const other = beside && (await makeTestVideo(folder, beside));
  const { shape } = await openClip(path, OPTIONS, {});
  const opened: PythonPeer[] = [];
  const options = { video: path, frames: FRAMES, size: [shape[1], shape[2]], threads: THREADS };
  const readers = await Promise.all(
    READERS.map((reader) =>
      PythonPeer.side(`qwen-vl-utils, ${reader}`, () => PythonPeer.start('read_video', { ...options, reader }), opened),
    ),
  );
  const starts: number[] = [];
  let copies = 0;
  const extract = async (from: string) => {
    const fresh = join(folder, `copy-${++copies}.mp4`);
    await copyFile(from, fresh);
    if (ffmpegStart) starts.push(await secondsOfStart());
    const begun = performance.now();
    await contentOf(fresh);
    encodeClip(await openClip(fresh, OPTIONS, {}));
    const seconds = (performance.now() - begun) / 1000;
    await rm(fresh);
    return seconds;
  };
  return {
    own: () => extract(path),
    peers: [...(other ? [{ name: 'a 1-minute clip, this project', run: () => extract(other) }] : []), ...readers],
    ...(ffmpegStart && {
      floor: () => ({ value: median(starts), of: 'a start of ffmpeg that decodes nothing' }),
    }),
    async close() {
      await Promise.all(opened.map((peer) => peer.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function secondsOfStart(): Promise<number> {
  const { path } = await findFfmpeg();
  const begun = performance.now();
  await promisify(execFile)(path, ['-hide_banner', '-version']);
  return (performance.now() - begun) / 1000;
}
