import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFramesActivities } from '../../../activities/frames.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { DatasetManifest } from '../../../core/sample.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { contentOf } from '../../../video/video-content.ts';
import { timesAsFastAs } from '../goal.ts';
import type { Row } from '../row.ts';
import { makeTestVideo, TEN_SECONDS } from './test-videos.ts';

const CLIPS = 8;

/** Frames that a run before has taken. */
export const warmFrames: Row = {
  name: 'frames-warm',
  title: `frames warm, ${CLIPS} x 10 s of 720p`,
  unit: 's',
  work: `The stage that takes the frames of ${CLIPS} videos: in a store that has their clips, and in an empty one.`,
  goals: [timesAsFastAs('an empty store', 20)],
  minutes: 3,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-warm-'));
    const path = await makeTestVideo(folder, TEN_SECONDS);
    const { sha256, bytes } = await contentOf(path);
    const samples = Array.from({ length: CLIPS }, (_, i) => ({
      // Excerpts of one video: a clip each.
      ...{ id: `s${i}`, video: { path, sha256, bytes }, caption: 'A test picture moves.', start: i / CLIPS },
    }));
    const manifest = DatasetManifest.parse({
      name: 'bench',
      digest: 'bench',
      train: [],
      heldOut: samples,
      quarantined: [],
    });
    const full = new ArtifactStore(join(folder, 'full'));
    let stores = 0;
    const secondsIn = async (store: ArtifactStore) => {
      const ref = await store.putJson('data/manifests/bench.json', manifest);
      const { extractFrames } = createFramesActivities({ store });
      const begun = performance.now();
      const prompt = { output: 'plain' as const };
      await extractFrames({ manifest: ref, samples: 'held-out', frames: FrameOptions.parse({}), prompt });
      return (performance.now() - begun) / 1000;
    };
    await secondsIn(full);
    return {
      own: () => secondsIn(full),
      peers: [{ name: 'an empty store', run: () => secondsIn(new ArtifactStore(join(folder, `empty-${++stores}`))) }],
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
