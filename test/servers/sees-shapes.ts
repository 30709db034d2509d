import { createCanvas, loadImage } from '@napi-rs/canvas';
import { describe } from '../../datasets/shapes/describe.ts';
import { CANVAS } from '../../datasets/shapes/motion.ts';
import type { Colour, Shape, ShapeEvent, Size, SoloAction } from '../../judge/rule-based/shapes-vocabulary.ts';
import type { Answer } from './openai-server.ts';

/** What is seen of one colour in one picture, in pixels of a picture of `CANVAS` by `CANVAS`. */
interface Blob {
  x: number;
  y: number;
  pixels: number;
  width: number;
  height: number;
  /** How far below the middle of its height its centre of mass is, as a share of the height. */
  low: number;
}

/** A model with eyes: it decodes the pictures of a request, and describes what moves in them, in their order. */
export const seesShapes: Answer = async (_, { media }) => {
  const frames = await Promise.all(picturesOf(media).map(blobsIn));
  return describe(eventsIn(frames)).caption || 'Nothing can be seen.';
};

/** The pictures of a request as bytes; a video is a list of pictures. */
export function picturesOf(media: readonly string[]): Buffer[] {
  return media.flatMap((url) => {
    const [head, data = ''] = [url.slice(0, url.indexOf(',')), url.slice(url.indexOf(',') + 1)];
    if (!/^data:(?:image\/(?:png|jpeg)|video\/jpeg);base64$/.test(head)) throw new Error(`No picture: ${head}`);
    return data.split(',').map((each) => Buffer.from(each, 'base64'));
  });
}

/** Hues as shares of red, green and blue; white is everything bright without one. */
const HUES: readonly (readonly [Colour, readonly [number, number, number]])[] = [
  ['red', [1, 0.1, 0.1]],
  ['green', [0.18, 1, 0.3]],
  ['blue', [0.18, 0.38, 1]],
  ['yellow', [1, 0.88, 0.12]],
  ['purple', [0.86, 0.23, 1]],
  ['white', [1, 1, 1]],
];
/** Brighter than every background. */
const BRIGHT = 130;

async function blobsIn(picture: Buffer): Promise<Map<Colour, Blob>> {
  const image = await loadImage(picture);
  const { width, height } = image;
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const places = new Map<Colour, [x: number, y: number][]>();
  for (let i = 0; i < data.length; i += 4) {
    const colour = colourOf(data[i]!, data[i + 1]!, data[i + 2]!);
    if (!colour) continue;
    const at: [number, number] = [(i / 4) % width, Math.floor(i / 4 / width)];
    const points = places.get(colour);
    if (points) points.push(at);
    else places.set(colour, [at]);
  }
  const scale = CANVAS / width;
  return new Map(
    [...places].flatMap(([colour, points]) => (points.length < 8 ? [] : [[colour, blobOf(points, scale)] as const])),
  );
}

function colourOf(...rgb: [number, number, number]): Colour | undefined {
  const most = Math.max(...rgb);
  if (most < BRIGHT) return undefined;
  const distance = (hue: readonly number[]) => hue.reduce((sum, share, i) => sum + (share - rgb[i]! / most) ** 2, 0);
  return HUES.map(([colour, hue]) => ({ colour, far: distance(hue) })).sort((a, b) => a.far - b.far)[0]!.colour;
}

function blobOf(points: readonly (readonly [number, number])[], scale: number): Blob {
  const [xs, ys] = [points.map(([x]) => x).sort(ascending), points.map(([, y]) => y).sort(ascending)];
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const extent = (values: readonly number[]) => values.at(-1)! - values[0]! + 1;
  const [width, height] = [extent(xs), extent(ys)];
  return {
    x: scale * mean(xs),
    y: scale * mean(ys),
    pixels: scale ** 2 * points.length,
    width: scale * width,
    height: scale * height,
    low: (mean(ys) - (ys[0]! + ys.at(-1)!) / 2) / height,
  };
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** From left to right in the first picture, as captions of the small world tell them. */
function eventsIn(frames: readonly ReadonlyMap<Colour, Blob>[]): ShapeEvent[] {
  const colours = [...new Set(frames.flatMap((blobs) => [...blobs.keys()]))];
  return colours
    .map((colour) => ({ colour, seen: frames.map((blobs) => blobs.get(colour)) }))
    .filter(({ seen }) => seen.filter(Boolean).length >= frames.length / 3)
    .map(({ colour, seen }) => ({ first: seen.find((blob) => blob !== undefined)!, colour, seen }))
    .sort((a, b) => a.first.x - b.first.x)
    .map(({ first, colour, seen }) => {
      const shape = shapeOf(first);
      return { size: sizeOf(first, shape), colour, shape, action: actionOf(seen) };
    });
}

/** Width of a shape, for each pixel of the circle around it. */
const WIDTHS: Record<Shape, number> = { circle: 1.84, square: 1.5, triangle: 1.73, star: 1.9, cross: 1.9 };

function shapeOf({ pixels, width, height, low }: Blob): Shape {
  const filled = pixels / (width * height);
  if (filled > 0.9) return 'square';
  if (filled > 0.65) return 'circle';
  if (low > 0.08) return 'triangle';
  return filled < 0.45 ? 'star' : 'cross';
}

function sizeOf({ width }: Blob, shape: Shape): Size {
  const radius = width / WIDTHS[shape];
  return radius < 19.5 ? 'small' : radius < 30.5 ? 'medium' : 'large';
}

function actionOf(seen: readonly (Blob | undefined)[]): SoloAction {
  if (seen.filter((blob) => blob === undefined).length >= 2) return 'blinks';
  const blobs = seen.filter((blob) => blob !== undefined);
  const [first, last] = [blobs[0]!, blobs.at(-1)!];
  const growth = last.pixels / first.pixels;
  const [dx, dy] = [last.x - first.x, last.y - first.y];
  if (growth > 1.8) return dx < -15 ? 'moves left, then grows' : 'grows';
  if (growth < 0.55) return 'shrinks';
  if (Math.abs(dx) > Math.abs(dy)) return dx < 0 ? 'moves left' : 'moves right';
  return dy < 0 ? 'moves up' : 'moves down';
}
