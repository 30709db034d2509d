import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createFramesActivities } from '../../../activities/frames.ts';
import { NOTHING_SEEN } from '../../../contracts/run-identity.ts';
import { ArtifactStore, sha256OfFile } from '../../../core/artifact-store.ts';
import type { DatasetManifest } from '../../../core/sample.ts';
import { ffmpegIdentity } from '../../../video/decoder-identity.ts';
import { findFfmpeg } from '../../../video/ffmpeg-binary.ts';
import { noteIdentity } from '../../../workflows/moving-parts.ts';
import { makeVideo } from './make-video.ts';

test('frames say which ffmpeg decodes them, so that a worker with another one is noticed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-other-ffmpeg-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'a.mp4');
  await makeVideo(path, { frames: 4 });
  const store = new ArtifactStore(join(folder, 'store'));
  const video = { path, sha256: await sha256OfFile(path), bytes: (await stat(path)).size };
  const dataset: DatasetManifest = {
    ...{ name: 't', digest: 'd', train: [], quarantined: [] },
    heldOut: [{ id: 'a', video, caption: 'x' }],
  };
  const manifest = await store.putJson('manifest.json', dataset);
  const { extractFrames } = createFramesActivities({ store });
  const first = await extractFrames({ manifest, samples: 'held-out', frames: {} });
  const real = await findFfmpeg();
  expect(first.decodedWith).toMatchObject(ffmpegIdentity(real.about));

  const other = join(folder, 'ffmpeg');
  const about = real.about.replace(real.version, '99.1-other');
  await writeFile(join(folder, 'about'), about);
  await writeFile(
    other,
    `#!/bin/sh\nif [ "$1" = -version ]; then cat "${join(folder, 'about')}"; else exec "${real.path}" "$@"; fi\n`,
  );
  await chmod(other, 0o755);
  vi.stubEnv('FFMPEG_PATH', other);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.resetModules(); // another worker: it looks for its ffmpeg anew
  const { createFramesActivities: elsewhere } = await import('../../../activities/frames.ts');
  const second = await elsewhere({ store }).extractFrames({ manifest, samples: 'held-out', frames: {} });
  expect(second.clips).toEqual(first.clips);
  expect(second.decodedWith).toMatchObject({ ffmpeg: '99.1-other' });

  const seen = noteIdentity(NOTHING_SEEN, 'frames', 0, [first.decodedWith!]);
  const { warnings } = noteIdentity(seen, 'frames', 12, [second.decodedWith!]);
  expect(warnings).toMatchObject([{ part: 'frames', step: 12 }]);
  expect(warnings[0]!.sentence).toContain(`(ffmpeg ${real.version} -> 99.1-other)`);
});
