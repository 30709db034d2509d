import {
  COLOURS,
  type PairAction,
  SHAPES,
  SIZES,
  type Size,
  SOLO_ACTIONS,
  type SoloAction,
} from '../../judge/rule-based/shapes-vocabulary.ts';
import { type Chance, chanceAt } from './chance.ts';
import { isHeldOutPair } from './held-out-pairs.ts';
import { CANVAS, FRAMES, GROWTH, statesAt } from './motion.ts';
import type { Subject } from './subject.ts';

/** Actions that leave a subject where it is, so that another one can bump into it or circle around it. */
const IN_PLACE_ACTIONS = ['grows', 'shrinks', 'blinks'] as const satisfies readonly SoloAction[];

/** Bump this when the same seed would give another scene: it is part of every dataset's digest. */
export const WORLD_VERSION = 1;

export const SPLITS = ['pretrain', 'train', 'held-out'] as const;
export type Split = (typeof SPLITS)[number];

export type Rgb = readonly [number, number, number];

export interface Scene {
  seed: number;
  split: Split;
  index: number;
  /** From left to right at the first frame: the order in which captions tell them. */
  subjects: Subject[];
  background: { from: Rgb; to: Rgb; angle: number };
  /** Standard deviation of the pixel noise, in levels of 255. */
  noise: number;
  /** Factor on every colour. */
  brightness: number;
}

/**
 * How often actions are drawn. Those that need much room are drawn more often, since fewer of them find a place, and
 * those that a bumped or circled subject does are drawn less, so that all ten end up similarly frequent.
 */
const SOLO_DRAW: readonly SoloAction[] = SOLO_ACTIONS.flatMap((action) => {
  const weight = { grows: 4, shrinks: 1, blinks: 1, 'moves left, then grows': 6 }[action as string] ?? 3;
  return Array<SoloAction>(weight).fill(action);
});
const PAIR_DRAW: readonly PairAction[] = ['bumps into', 'circles around', 'circles around'];

const RADII: Record<Size, number> = { small: 15, medium: 24, large: 37 };
/** Pixels that must stay free between subjects that have nothing to do with each other, and to the canvas' edge. */
const GAP = 9;
const EDGE = 3;
/** Difference in x at the first frame that makes "left to right" plain. */
const ORDER_GAP = 20;

/**
 * The scene of a place: a pure function of (seed, split, index). Scenes outside the held-out split contain no held-out
 * colour-action pair; each held-out scene contains at least one.
 */
export function sceneAt(seed: number, split: Split, index: number): Scene {
  const chance = chanceAt(seed, ['shapes', WORLD_VERSION, split, index]);
  const count = chance.pick([1, 1, 1, 2, 2, 2, 2, 3, 3, 3]);
  for (;;) {
    const cast = drawCast(chance, count);
    if (cast.some((s) => isHeldOutPair(s.colour, s.action)) !== (split === 'held-out')) continue;
    const placed = place(chance, cast);
    if (placed) return { seed, split, index, subjects: placed, ...drawSurroundings(chance) };
  }
}

/** The subjects and their actions, before they have places. All colours and all shapes of a scene differ. */
function drawCast(chance: Chance, count: number): Subject[] {
  const colours = chance.pickSome(COLOURS, count);
  const shapes = chance.pickSome(SHAPES, count);
  const cast = colours.map((colour, i): Subject => {
    const size = chance.pick(SIZES);
    const radius = RADII[size] * chance.between(0.94, 1.06);
    const action = chance.pick(SOLO_DRAW);
    return { size, colour, shape: shapes[i]!, action, x: 0, y: 0, radius, travel: 0 };
  });
  if (count > 1 && chance.happens(0.2 * count)) {
    const [actor, target] = chance.pickSome([...cast.keys()], 2) as [number, number];
    Object.assign(cast[actor]!, { action: chance.pick(PAIR_DRAW), target });
    cast[target]!.action = chance.pick(IN_PLACE_ACTIONS);
  }
  return cast;
}

/**
 * Gives every subject a place where all are visible at every moment and none touch by accident; undefined if none is
 * found.
 */
function place(chance: Chance, cast: Subject[]): Subject[] | undefined {
  for (let attempt = 0; attempt < 300; attempt++) {
    const subjects = cast.map((subject) => {
      const x = chance.between(0, CANVAS);
      const y = chance.between(0, CANVAS);
      const vertical = subject.action === 'moves up' || subject.action === 'moves down';
      const travel = vertical ? chance.between(65, 100) : chance.between(75, 115);
      return subject.target === undefined ? { ...subject, x, y, travel } : subject;
    });
    for (const subject of subjects)
      if (subject.target !== undefined) subject.course = drawCourse(chance, subject, subjects[subject.target]!);
    if (isClear(subjects)) return inOrder(subjects);
  }
  return undefined;
}

function drawCourse(chance: Chance, subject: Subject, target: Subject): NonNullable<Subject['course']> {
  const side = chance.happens(0.5) ? 0 : Math.PI;
  const clockwise = chance.happens(0.5);
  if (subject.action === 'bumps into')
    return { angle: side + chance.between(-0.6, 0.6), distance: chance.between(55, 85), clockwise };
  const reach = target.radius * (target.action === 'grows' ? GROWTH : 1);
  return {
    angle: side + chance.between(-0.9, 0.9),
    distance: subject.radius + reach + chance.between(10, 20),
    clockwise,
  };
}

/** Whether all subjects stay on the canvas and apart from each other, in a plain order from left to right. */
function isClear(subjects: readonly Subject[]): boolean {
  for (let frame = 0; frame < FRAMES; frame++) {
    const states = statesAt(subjects, frame / (FRAMES - 1));
    for (let i = 0; i < states.length; i++) {
      const a = states[i]!;
      const room = a.radius + EDGE;
      if (a.x < room || a.x > CANVAS - room || a.y < room || a.y > CANVAS - room) return false;
      for (let j = i + 1; j < states.length; j++) {
        const b = states[j]!;
        if (frame === 0 && Math.abs(a.x - b.x) < ORDER_GAP) return false;
        if (subjects[i]!.target === j || subjects[j]!.target === i) continue;
        if (Math.hypot(a.x - b.x, a.y - b.y) < a.radius + b.radius + GAP) return false;
      }
    }
  }
  return true;
}

/** Sorts by x at the first frame and notes where each subject starts. */
function inOrder(subjects: readonly Subject[]): Subject[] {
  const starts = statesAt(subjects, 0);
  const order = [...subjects.keys()].sort((a, b) => starts[a]!.x - starts[b]!.x);
  return order.map((from) => {
    const subject = subjects[from]!;
    const { x, y } = subject.target === undefined ? subject : starts[from]!;
    return { ...subject, x, y, ...(subject.target !== undefined && { target: order.indexOf(subject.target) }) };
  });
}

/** Dark to mid, little saturated: never close to a subject's colour. */
function drawSurroundings(chance: Chance): Pick<Scene, 'background' | 'noise' | 'brightness'> {
  const base = chance.between(12, 82);
  const tint = (): Rgb => [0, 0, 0].map(() => Math.round(base + chance.between(-11, 11))) as unknown as Rgb;
  const from = tint();
  const plain = chance.happens(0.4);
  const shade = chance.between(-30, 30);
  const to = plain ? from : (tint().map((c) => Math.round(Math.min(100, Math.max(4, c + shade)))) as unknown as Rgb);
  return {
    background: { from, to, angle: chance.between(0, 2 * Math.PI) },
    noise: chance.happens(0.3) ? 0 : chance.between(1, 7),
    brightness: chance.between(0.85, 1.1),
  };
}
