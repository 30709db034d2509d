import { describe, expect, test } from 'vitest';
import { FRAMES, type SubjectState, statesAt } from '../../../../datasets/shapes/motion.ts';
import { sceneAt } from '../../../../datasets/shapes/scene.ts';
import type { Action } from '../../../../judge/rule-based/shapes-vocabulary.ts';
import { sampleTimes } from '../../../../video/sample-times.ts';

/** The states that the policy can see: those of the frames shown at eight times uniform in a scene. */
const seenTimes = sampleTimes({ durationSeconds: FRAMES, frames: FRAMES }, { count: 8, sampling: 'middles' }).map(
  (time) => Math.floor(time) / FRAMES,
);

/** What the first subjects with an action do at those times, with the states of everybody else. */
function examples(action: Action, count = 10): { seen: SubjectState[]; target: SubjectState[] }[] {
  const found = [];
  for (let i = 0; found.length < count; i++) {
    const { subjects } = sceneAt(3, i % 2 ? 'train' : 'held-out', i);
    const index = subjects.findIndex((subject) => subject.action === action);
    if (index < 0) continue;
    const states = seenTimes.map((t) => statesAt(subjects, t));
    const target = subjects[index]!.target;
    found.push({
      seen: states.map((all) => all[index]!),
      target: target === undefined ? [] : states.map((all) => all[target]!),
    });
  }
  return found;
}

const first = <T>(items: readonly T[]): T => items[0]!;
const last = <T>(items: readonly T[]): T => items.at(-1)!;

describe('what eight frames show of', () => {
  test.each([
    ['moves left', (a, b) => a.x - b.x, 60],
    ['moves right', (a, b) => b.x - a.x, 60],
    ['moves up', (a, b) => a.y - b.y, 50],
    ['moves down', (a, b) => b.y - a.y, 50],
    ['moves left, then grows', (a, b) => a.x - b.x, 60],
  ] as [Action, (a: SubjectState, b: SubjectState) => number, number][])('%s', (action, distance, least) => {
    for (const { seen } of examples(action)) expect(distance(first(seen), last(seen))).toBeGreaterThan(least);
  });

  test('grows', () => {
    for (const { seen } of examples('grows')) expect(last(seen).radius / first(seen).radius).toBeGreaterThan(1.8);
  });

  test('shrinks', () => {
    for (const { seen } of examples('shrinks')) expect(first(seen).radius / last(seen).radius).toBeGreaterThan(1.8);
  });

  test('moves left, then grows: first the one, then the other', () => {
    for (const { seen } of examples('moves left, then grows')) {
      expect(seen[3]!.radius).toBe(first(seen).radius);
      expect(seen[4]!.x).toBe(last(seen).x);
      expect(last(seen).radius / first(seen).radius).toBeGreaterThan(1.7);
    }
  });

  test('blinks: shown and hidden in turn', () => {
    for (const { seen } of examples('blinks'))
      expect(seen.map(({ visible }) => visible)).toEqual([true, false, true, false, true, false, true, false]);
  });

  test('bumps into: from afar to touching, and back', () => {
    for (const { seen, target } of examples('bumps into')) {
      const gaps = seen.map(
        (s, i) => Math.hypot(s.x - target[i]!.x, s.y - target[i]!.y) - s.radius - target[i]!.radius,
      );
      expect(Math.min(...gaps)).toBeLessThan(0);
      expect(first(gaps)).toBeGreaterThan(25);
      expect(last(gaps)).toBeGreaterThan(15);
    }
  });

  test('circles around: all four quarters at one distance', () => {
    for (const { seen, target } of examples('circles around')) {
      const offsets = seen.map((s, i) => [s.x - target[i]!.x, s.y - target[i]!.y] as const);
      expect(new Set(offsets.map(([x, y]) => `${x > 0} ${y > 0}`)).size).toBe(4);
      const distances = offsets.map(([x, y]) => Math.hypot(x, y));
      expect(Math.max(...distances) - Math.min(...distances)).toBeLessThan(1e-6);
    }
  });
});

test('states depend on the time only, not on what was asked before', () => {
  const { subjects } = sceneAt(1, 'train', 5);
  const before = statesAt(subjects, 0.3);
  statesAt(subjects, 0.9);
  expect(statesAt(subjects, 0.3)).toEqual(before);
});
