import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { type ArtifactStore, sha256 } from '../../core/artifact-store.ts';
import type { ReferenceField, Sample } from '../../core/sample.ts';
import { keyOf } from '../../core/store-layout.ts';
import { findFfmpeg } from '../../video/ffmpeg-binary.ts';
import { corruptDescription } from './corrupt.ts';
import { type Description, describe, eventsOf } from './describe.ts';
import { drawFrames } from './draw.ts';
import { ENCODING, encodeVideo } from './encode.ts';
import { keyPointsOf, questionsOf } from './quiz.ts';
import { type Scene, type Split, sceneAt, WORLD_VERSION } from './scene.ts';

export interface ShapesSplit {
  split: Exclude<Split, 'pretrain'>;
  seed: number;
  count: number;
  references: 'exact' | 'few' | 'noisy';
  /** What samples have besides what they always have. */
  fields?: readonly ReferenceField[];
}

export interface ShapesDeps {
  store: ArtifactStore;
  /** Called with the number of videos that are ready. */
  onVideo?: (done: number) => void;
  signal?: AbortSignal | undefined;
  parallel?: number;
}

/** Of so many samples, `few` keeps one. */
const FEW = 8;

/**
 * A split of the small world as samples with real video files in the store. Videos are shared by all datasets of a
 * seed, whatever their size and references, and made once; held-out references are always exact.
 */
export async function makeShapesSplit(
  { split, seed, count, references, fields = [] }: ShapesSplit,
  { store, onVideo, signal, parallel }: ShapesDeps,
): Promise<Sample[]> {
  const world = await worldOf(seed);
  const kind = split === 'held-out' ? 'exact' : references;
  const indices = Array.from({ length: count }, (_, i) => i).filter((i) => kind !== 'few' || i % FEW === 0);
  const temporary = await mkdtemp(join(tmpdir(), 'videocap-shapes-'));
  const limit = pLimit({ concurrency: parallel ?? availableParallelism(), rejectOnClear: true });
  let done = 0;
  const make = async (index: number): Promise<Sample> => {
    signal?.throwIfAborted();
    const scene = sceneAt(seed, split, index);
    const id = `${split}-${String(index).padStart(6, '0')}`;
    const video = await store.once(keyOf('shapesVideo', { world, sample: id }), async () => {
      const file = join(temporary, `${id}.mp4`);
      await encodeVideo(drawFrames(scene), file, { signal });
      return readFile(file);
    });
    done += 1;
    onVideo?.(done);
    return {
      ...{ id, video: { artifact: video }, ...referenceOf(scene, kind) },
      ...(fields.includes('questions') && { questions: questionsOf(scene) }),
      ...(fields.includes('keyPoints') && { keyPoints: keyPointsOf(scene) }),
    };
  };
  const making = indices.map((index) => limit(make, index));
  try {
    return await Promise.all(making);
  } finally {
    limit.clearQueue();
    // What still writes would fill the folder again that is removed here.
    await Promise.allSettled(making);
    await rm(temporary, { recursive: true, force: true });
  }
}

function referenceOf(scene: Scene, references: ShapesSplit['references']): Description {
  return references === 'noisy' ? corruptDescription(scene) : describe(eventsOf(scene));
}

/** Names everything that determines the bytes of a video but its split and index. */
async function worldOf(seed: number): Promise<string> {
  const { version } = await findFfmpeg();
  const digest = sha256(JSON.stringify(['shapes', WORLD_VERSION, seed, ENCODING, version]));
  return digest.slice(0, 16);
}
