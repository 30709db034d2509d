import type { Subject } from './subject.ts';

/** Canvas side in pixels, frames a scene and frames a second: 3 s of 224x224 video. */
export const CANVAS = 224;
export const FRAMES = 24;
export const FPS = 8;

/** How far growing and shrinking goes. */
export const GROWTH = 1.9;
/** Pixels that a bumped subject is pushed, so that the contact can be seen. */
const PUSH = 18;
/**
 * A blinking subject is shown for so many frames, then hidden for as many: one of each in every pair of sampled frames.
 */
const BLINK_FRAMES = 3;

/** Where a subject is at one moment. `radius` is that of the circle that encloses the shape. Pixels. */
export interface SubjectState {
  x: number;
  y: number;
  radius: number;
  visible: boolean;
}

/** The state of every subject at time `t` in [0, 1]. Pure. */
export function statesAt(subjects: readonly Subject[], t: number): SubjectState[] {
  const states = subjects.map((subject) => soloState(subject, t));
  subjects.forEach((subject, index) => {
    const target = subject.target === undefined ? undefined : states[subject.target];
    if (!target || !subject.course) return;
    const { angle, distance } = subject.course;
    if (subject.action === 'circles around') {
      const turned = angle + 2 * Math.PI * t * (subject.course.clockwise ? 1 : -1);
      Object.assign(states[index]!, polar(target, turned, distance));
    } else {
      const pushed = PUSH * ramp(t, 0.5, 0.62);
      const towards = { x: -Math.cos(angle), y: -Math.sin(angle) };
      // Corners reach the enclosing circles only in places, so these must overlap a little for the shapes to touch.
      const touching = 0.85 * (subject.radius + target.radius);
      // Straight in, a moment of contact, then back.
      const gap = t < 0.5 ? distance * (1 - ramp(t, 0, 0.45)) : 0.75 * distance * ramp(t, 0.56, 1);
      const follow = Math.min(pushed, PUSH * ramp(t, 0.5, 0.56));
      const contact = polar(target, angle, touching + gap);
      target.x += towards.x * pushed;
      target.y += towards.y * pushed;
      states[index]!.x = contact.x + towards.x * follow;
      states[index]!.y = contact.y + towards.y * follow;
    }
  });
  return states;
}

function soloState(subject: Subject, t: number): SubjectState {
  const { x, y, radius, travel } = subject;
  const still = { x, y, radius, visible: true };
  switch (subject.action) {
    case 'moves left':
      return { ...still, x: x - travel * t };
    case 'moves right':
      return { ...still, x: x + travel * t };
    case 'moves up':
      return { ...still, y: y - travel * t };
    case 'moves down':
      return { ...still, y: y + travel * t };
    case 'grows':
      return { ...still, radius: radius * (1 + (GROWTH - 1) * ramp(t, 0.12, 0.88)) };
    case 'shrinks':
      return { ...still, radius: radius * (1 + (1 / GROWTH - 1) * ramp(t, 0.12, 0.88)) };
    case 'blinks':
      return { ...still, visible: Math.floor((t * FRAMES) / BLINK_FRAMES + 1e-9) % 2 === 0 };
    case 'moves left, then grows':
      return { ...still, x: x - travel * ramp(t, 0, 0.5), radius: radius * (1 + (GROWTH - 1) * ramp(t, 0.55, 0.95)) };
    case 'bumps into':
    case 'circles around':
      return still;
  }
}

/** 0 before `from`, 1 after `to`, straight between. */
function ramp(t: number, from: number, to: number): number {
  return Math.min(1, Math.max(0, (t - from) / (to - from)));
}

function polar(centre: { x: number; y: number }, angle: number, distance: number): { x: number; y: number } {
  return { x: centre.x + Math.cos(angle) * distance, y: centre.y + Math.sin(angle) * distance };
}
