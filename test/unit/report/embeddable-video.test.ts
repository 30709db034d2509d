import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { embeddableVideo } from '../../../report/embeddable-video.ts';

let folder: string;
let store: ArtifactStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-report-'));
  store = new ArtifactStore(join(folder, 'store'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = async (name: string, bytes: number) => {
  const path = join(folder, name);
  await writeFile(path, Buffer.alloc(bytes, 'v'));
  return embeddableVideo(store, { path, sha256: '', bytes });
};

describe('embeddableVideo', () => {
  it('takes small videos, from the store and from elsewhere', async () => {
    const artifact = await store.put('v/a.mp4', 'vvv');
    expect(await embeddableVideo(store, { artifact })).toBe('data:video/mp4;base64,dnZ2');
    expect(await file('b.WEBM', 3)).toBe('data:video/webm;base64,dnZ2');
  });

  it('leaves out what is large, gone, or nothing a browser plays', async () => {
    expect(await file('large.mp4', 1_500_001)).toBeUndefined();
    expect(await file('other.avi', 3)).toBeUndefined();
    expect(await embeddableVideo(store, { path: join(folder, 'gone.mp4'), sha256: '', bytes: 1 })).toBeUndefined();
  });
});
