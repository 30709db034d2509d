import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { z } from 'zod';
import { ExtractFramesInput, ExtractFramesOutput } from '../contracts/dataset.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type ArtifactStore, sha256 } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { readManifest } from '../core/manifest.ts';
import { trainingSamples } from '../core/mixture.ts';
import { promptOf } from '../core/prompt.ts';
import type { ClipRef, Sample } from '../core/sample.ts';
import { keyOf } from '../core/store-layout.ts';
import { promptTexts } from '../policy/prompt-config.ts';
import { encodeClip } from '../video/clip.ts';
import { decoderIdentity } from '../video/decoder-identity.ts';
import { clipIdentity } from '../video/extract-frames.ts';
import type { FrameOptions } from '../video/frame-options.ts';
import { openClip } from '../video/open-clip.ts';
import type { Excerpt } from '../video/segment.ts';
import { contentOf } from '../video/video-content.ts';
import type { ActivityDeps } from './activity-deps.ts';

type FramesDeps = Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'parallel'>;

/**
 * Turns videos into clips, each once, and says what the policy is asked about them: a clip's key is the hash of its
 * video's content, of how frames are taken from it, and of its segment.
 */
export function createFramesActivities({ store, onProgress, signal, parallel }: FramesDeps) {
  return {
    async extractFrames(rawInput: z.input<typeof ExtractFramesInput>): Promise<z.infer<typeof ExtractFramesOutput>> {
      const input = ExtractFramesInput.parse(rawInput);
      const manifest = await readManifest(store, input.manifest);
      const samples = input.samples === 'held-out' ? manifest.heldOut : trainingSamples(manifest, input.samples);
      const place = input.samples === 'held-out' ? undefined : input.samples;
      const limit = pLimit({ concurrency: parallel ?? availableParallelism(), rejectOnClear: true });
      const abort = signal?.();
      let done = 0;
      const decode = async (sample: Sample): Promise<ClipRef> => {
        abort?.throwIfAborted();
        const clip = await clipOf(store, sample, input.frames, abort);
        done += 1;
        onProgress?.({ done, total: samples.length, what: 'videos decoded' });
        return { sampleId: sample.id, clip, prompt: promptOf(sample, promptTexts(input.prompt), place) };
      };
      const clips = await limit.map(samples, decode).finally(() => limit.clearQueue());
      const list = `${JSON.stringify(clips)}\n`;
      const ref = await store.put(keyOf('clipList', { hash: sha256(list) }), list);
      return ExtractFramesOutput.parse({ clips: ref, decodedWith: await decoderIdentity() });
    },
  };
}

async function clipOf(
  store: ArtifactStore,
  sample: Sample,
  frames: FrameOptions,
  signal: AbortSignal | undefined,
): Promise<ArtifactRef> {
  const { video, start, end, fps, times } = sample;
  const excerpt: Excerpt = { start, end, fps, times };
  const expected = 'artifact' in video ? video.artifact.sha256 : video.sha256;
  return store.once(keyOf('clip', { hash: clipIdentity(expected, frames, excerpt) }), async () => {
    const path = 'artifact' in video ? await store.localCopy(video.artifact) : video.path;
    const found = await contentOf(path).then(
      (content) => content.sha256,
      () => 'missing',
    );
    if (found !== expected) throw changed(sample, path, found);
    return encodeClip(await openClip(path, { ...frames, signal }, excerpt));
  });
}

function changed(sample: Sample, path: string, found: string): VideocapError {
  const what = found === 'missing' ? 'is gone' : 'is no longer the file that the dataset was prepared with';
  const code = 'artifact' in sample.video ? 'CorruptArtifact' : 'InvalidVideo';
  return new VideocapError(code, `Video ${path} of sample "${sample.id}" ${what}; put it back or start a new run.`);
}
