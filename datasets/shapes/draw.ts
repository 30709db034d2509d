import { type Canvas, createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import type { Colour, Shape } from '../../judge/rule-based/shapes-vocabulary.ts';
import { chanceAt } from './chance.ts';
import { CANVAS, FRAMES, type SubjectState, statesAt } from './motion.ts';
import type { Rgb, Scene } from './scene.ts';

const PAINT: Record<Colour, Rgb> = {
  red: [230, 30, 35],
  green: [35, 190, 60],
  blue: [45, 95, 245],
  yellow: [250, 220, 30],
  purple: [185, 50, 215],
  white: [245, 245, 245],
};

/** The scene's frames as raw RGBA, 24 of 224x224x4 bytes. Deterministic; each buffer is the caller's. */
export function* drawFrames(scene: Scene): Generator<Buffer> {
  const canvas = createCanvas(CANVAS, CANVAS);
  const noise = noiseOf(scene);
  for (let frame = 0; frame < FRAMES; frame++) {
    drawFrame(canvas, scene, frame / FRAMES);
    const pixels = Buffer.from(canvas.data());
    if (noise) addNoise(pixels, noise.table, noise.offsets[frame]!);
    yield pixels;
  }
}

/** Draws the scene at time `t` in [0, 1], without noise. */
export function drawFrame(canvas: Canvas, scene: Scene, t: number): void {
  const context = canvas.getContext('2d');
  context.fillStyle = backgroundOf(context, scene);
  context.fillRect(0, 0, CANVAS, CANVAS);
  const states = statesAt(scene.subjects, t);
  scene.subjects.forEach((subject, i) => {
    if (!states[i]!.visible) return;
    context.fillStyle = css(PAINT[subject.colour], scene.brightness);
    trace(context, subject.shape, states[i]!);
    context.fill();
  });
}

function backgroundOf(context: SKRSContext2D, { background, brightness }: Scene) {
  const half = CANVAS / 2;
  const dx = Math.cos(background.angle) * half;
  const dy = Math.sin(background.angle) * half;
  const gradient = context.createLinearGradient(half - dx, half - dy, half + dx, half + dy);
  gradient.addColorStop(0, css(background.from, brightness));
  gradient.addColorStop(1, css(background.to, brightness));
  return gradient;
}

function css(rgb: Rgb, brightness: number): string {
  return `rgb(${rgb.map((c) => Math.round(Math.min(255, c * brightness))).join(',')})`;
}

/** Lays the path of a shape that fits the circle of `radius` around (x, y). */
function trace(context: SKRSContext2D, shape: Shape, { x, y, radius }: SubjectState): void {
  context.beginPath();
  switch (shape) {
    case 'circle':
      context.arc(x, y, radius * 0.92, 0, 2 * Math.PI);
      break;
    case 'square':
      context.rect(x - radius * 0.75, y - radius * 0.75, radius * 1.5, radius * 1.5);
      break;
    case 'triangle':
      polygon(context, x, y + radius * 0.12, [radius, radius, radius]);
      break;
    case 'star':
      polygon(
        context,
        x,
        y,
        Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? radius : radius * 0.42)),
      );
      break;
    case 'cross': {
      const arm = radius * 0.95;
      const half = radius * 0.3;
      context.rect(x - arm, y - half, 2 * arm, 2 * half);
      context.rect(x - half, y - arm, 2 * half, 2 * arm);
      break;
    }
  }
}

/** Corners at the given distances from the centre, evenly turned, the first one on top. */
function polygon(context: SKRSContext2D, x: number, y: number, distances: readonly number[]): void {
  distances.forEach((distance, i) => {
    const angle = (2 * Math.PI * i) / distances.length - Math.PI / 2;
    context.lineTo(x + Math.cos(angle) * distance, y + Math.sin(angle) * distance);
  });
  context.closePath();
}

/** A power of two, so that an offset wraps by masking. */
const NOISE_TABLE = 1 << 16;

function noiseOf(scene: Scene): { table: Int8Array; offsets: number[] } | undefined {
  if (scene.noise === 0) return undefined;
  const chance = chanceAt(scene.seed, ['shapes', 'noise', scene.split, scene.index]);
  // The sum of three uniform numbers, close enough to a bell curve for pixels: variance 3/12.
  const scale = scene.noise * 2;
  const table = Int8Array.from({ length: NOISE_TABLE }, () =>
    Math.round((chance.uniform() + chance.uniform() + chance.uniform() - 1.5) * scale),
  );
  return { table, offsets: Array.from({ length: FRAMES }, () => Math.floor(chance.uniform() * NOISE_TABLE)) };
}

/** Adds grey noise in place; alpha stays. */
function addNoise(pixels: Buffer, table: Int8Array, offset: number): void {
  const levels = new Uint8ClampedArray(pixels.buffer, pixels.byteOffset, pixels.length);
  for (let i = 0, n = offset; i < levels.length; i += 4, n++) {
    const delta = table[n & (NOISE_TABLE - 1)]!;
    levels[i]! += delta;
    levels[i + 1]! += delta;
    levels[i + 2]! += delta;
  }
}
