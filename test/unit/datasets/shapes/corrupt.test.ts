import { expect, test } from 'vitest';
import { Thought } from '../../../../core/sample.ts';
import { corruptDescription, DROPPED, WRONG } from '../../../../datasets/shapes/corrupt.ts';
import { describe, eventsOf } from '../../../../datasets/shapes/describe.ts';
import { sceneAt } from '../../../../datasets/shapes/scene.ts';

const scenes = Array.from({ length: 1500 }, (_, i) => sceneAt(1, 'train', i));
const corrupted = scenes.map((scene) => ({ truth: describe(eventsOf(scene)), told: corruptDescription(scene) }));

test('is a function of the scene', () => {
  for (const scene of scenes.slice(0, 20)) expect(corruptDescription(scene)).toEqual(corruptDescription(scene));
});

test('always tells something, and a caption and events that agree', () => {
  for (const { told } of corrupted) {
    expect(told.events.length).toBeGreaterThan(0);
    expect(told.caption.toLowerCase()).toBe(told.events.map((event) => `${event}.`).join(' '));
    expect(Thought.parse(told.thought).length).toBeGreaterThan(0);
  }
});

test('drops about as many events as it says', () => {
  const three = corrupted.filter(({ truth }) => truth.events.length === 3);
  const kept = three.reduce((sum, { told }) => sum + told.events.length, 0) / (3 * three.length);
  // One event stays where all three would have gone.
  expect(kept).toBeCloseTo(1 - DROPPED + DROPPED ** 3 / 3, 1);
});

test('makes about as many kept events wrong as it says, each in one word', () => {
  const kept = corrupted.flatMap(({ truth, told }) => told.events.map((event) => truth.events.includes(event)));
  expect(kept.filter((right) => !right).length / kept.length).toBeCloseTo(WRONG, 1.5);
});

test('mostly makes the thought from what the caption tells', () => {
  const same = corrupted.filter(({ told }) => told.thought.length === told.events.length).length;
  expect(same / corrupted.length).toBeGreaterThan(0.8);
  expect(same).toBeLessThan(corrupted.length);
});
