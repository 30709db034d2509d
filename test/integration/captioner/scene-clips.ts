import { type ArtifactStore, sha256 } from '../../../core/artifact-store.ts';
import type { ClipRef } from '../../../core/sample.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { describe, eventsOf } from '../../../datasets/shapes/describe.ts';
import { drawFrames } from '../../../datasets/shapes/draw.ts';
import { CANVAS } from '../../../datasets/shapes/motion.ts';
import { sceneAt } from '../../../datasets/shapes/scene.ts';
import { type Clip, encodeClip } from '../../../video/clip.ts';

/** Every so manieth frame of a scene: eight. */
const STEP = 3;
const SIDE = CANVAS / 2;

/** What a held-out scene of the small world looks like, and the events that it shows. */
export function sceneClip(index: number): { clip: Clip; events: string[] } {
  const known = scenes.get(index) ?? draw(index);
  scenes.set(index, known);
  return known;
}
const scenes = new Map<number, { clip: Clip; events: string[] }>();

function draw(index: number): { clip: Clip; events: string[] } {
  const scene = sceneAt(1, 'held-out', index);
  const frames = [...drawFrames(scene)].filter((_, i) => i % STEP === 1).map(smaller);
  return {
    clip: {
      shape: [frames.length, SIDE, SIDE, 3],
      times: frames.map((_, i) => i),
      durationSeconds: frames.length,
      data: Buffer.concat(frames),
    },
    events: describe(eventsOf(scene)).events,
  };
}

/** The first so many scenes as a list of clips in a store, as `extractFrames` writes it. */
export async function storeScenes(store: ArtifactStore, count: number, prompt = 'Describe the video.') {
  const refs: ClipRef[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = encodeClip(sceneClip(i).clip);
    const clip = await store.put(keyOf('clip', { hash: sha256(bytes) }), bytes);
    refs.push({ sampleId: `scene-${i}`, clip, prompt });
  }
  const list = JSON.stringify(refs);
  return store.put(keyOf('clipList', { hash: sha256(list) }), list);
}

/** Every other pixel of every other line, as RGB. */
function smaller(rgba: Buffer): Buffer {
  const rgb = Buffer.alloc(SIDE * SIDE * 3);
  for (let y = 0, to = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++, to += 3) {
      const from = 4 * (2 * y * CANVAS + 2 * x);
      rgba.copy(rgb, to, from, from + 3);
    }
  return rgb;
}
