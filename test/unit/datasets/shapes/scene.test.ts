import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHeldOutPair } from '../../../../datasets/shapes/held-out-pairs.ts';
import { CANVAS, FRAMES, statesAt } from '../../../../datasets/shapes/motion.ts';
import { type Scene, SPLITS, sceneAt } from '../../../../datasets/shapes/scene.ts';
import { ACTIONS, COLOURS, isPairAction, SHAPES, SIZES } from '../../../../judge/rule-based/shapes-vocabulary.ts';

const places = fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(...SPLITS), fc.nat(100_000));
const someScenes = (split: Scene['split'], count: number) =>
  Array.from({ length: count }, (_, i) => sceneAt(1, split, i));
const hasHeldOutPair = (scene: Scene) => scene.subjects.some((s) => isHeldOutPair(s.colour, s.action));

test('a scene is a function of seed, split and index', () => {
  fc.assert(
    fc.property(places, (place) => {
      expect(sceneAt(...place)).toEqual(sceneAt(...place));
    }),
    { numRuns: 50 },
  );
});

test('scenes of other seeds, splits and indices are other scenes', () => {
  const all = [1, 2].flatMap((seed) =>
    SPLITS.flatMap((split) => Array.from({ length: 50 }, (_, i) => sceneAt(seed, split, i))),
  );
  const looks = all.map(({ subjects, background, noise }) => JSON.stringify([subjects, background, noise]));
  expect(new Set(looks).size).toBe(all.length);
});

test('the first scenes are the ones that the shipped base model was pretrained on', () => {
  const said = [0, 1].map((i) => sceneAt(0, 'pretrain', i).subjects.map((s) => [s.size, s.colour, s.shape, s.action]));
  expect(said).toEqual([
    [
      ['medium', 'yellow', 'triangle', 'moves down'],
      ['small', 'white', 'circle', 'moves up'],
      ['small', 'purple', 'cross', 'moves left'],
    ],
    [
      ['small', 'red', 'triangle', 'grows'],
      ['small', 'yellow', 'square', 'blinks'],
    ],
  ]);
});

test('held-out pairs of colour and action are in every held-out scene and in no other', () => {
  expect(someScenes('held-out', 150).every(hasHeldOutPair)).toBe(true);
  expect(someScenes('train', 300).some(hasHeldOutPair)).toBe(false);
  expect(someScenes('pretrain', 300).some(hasHeldOutPair)).toBe(false);
});

test('training shows every colour, shape, size and action, and every number of subjects', () => {
  const scenes = someScenes('train', 300);
  const subjects = scenes.flatMap((scene) => scene.subjects);
  expect(new Set(subjects.map((s) => s.colour))).toEqual(new Set(COLOURS));
  expect(new Set(subjects.map((s) => s.shape))).toEqual(new Set(SHAPES));
  expect(new Set(subjects.map((s) => s.size))).toEqual(new Set(SIZES));
  expect(new Set(subjects.map((s) => s.action))).toEqual(new Set(ACTIONS));
  expect(new Set(scenes.map((scene) => scene.subjects.length))).toEqual(new Set([1, 2, 3]));
  for (const action of ACTIONS) expect(subjects.filter((s) => s.action === action).length).toBeGreaterThan(15);
});

describe('every scene', () => {
  const check = (holds: (scene: Scene) => void) =>
    fc.assert(
      fc.property(places, (place) => holds(sceneAt(...place))),
      { numRuns: 100 },
    );

  test('has subjects that differ in colour and in shape', () =>
    check(({ subjects }) => {
      expect(new Set(subjects.map((s) => s.colour)).size).toBe(subjects.length);
      expect(new Set(subjects.map((s) => s.shape)).size).toBe(subjects.length);
    }));

  test('lists its subjects from left to right, as they stand at the first frame', () =>
    check(({ subjects }) => {
      const xs = statesAt(subjects, 0).map(({ x }) => x);
      for (let i = 1; i < xs.length; i++) expect(xs[i]! - xs[i - 1]!).toBeGreaterThan(15);
    }));

  test('shows everyone whole at every frame, and apart from all but their own target', () =>
    check(({ subjects }) => {
      for (let frame = 0; frame < FRAMES; frame++) {
        const states = statesAt(subjects, frame / FRAMES);
        states.forEach((a, i) => {
          for (const side of [a.x - a.radius, a.y - a.radius]) expect(side).toBeGreaterThan(0);
          for (const side of [a.x + a.radius, a.y + a.radius]) expect(side).toBeLessThan(CANVAS);
          states.forEach((b, j) => {
            if (i === j || subjects[i]!.target === j || subjects[j]!.target === i) return;
            expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(a.radius + b.radius);
          });
        });
      }
    }));

  test('gives pair actions a target that stays in place and has an event of its own', () =>
    check(({ subjects }) => {
      for (const { action, target } of subjects) {
        expect(target !== undefined).toBe(isPairAction(action));
        if (target !== undefined) expect(['grows', 'shrinks', 'blinks']).toContain(subjects[target]!.action);
      }
    }));
});
