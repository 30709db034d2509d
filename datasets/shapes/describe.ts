import type { Thought } from '../../core/sample.ts';
import type { ShapeEvent } from '../../judge/rule-based/shapes-vocabulary.ts';
import type { Scene } from './scene.ts';

/** What a scene's reference says, in three forms made from one list of events. */
export interface Description {
  thought: Thought;
  caption: string;
  events: string[];
}

/** The scene's true events: one a subject, in the order of its subjects. */
export function eventsOf(scene: Scene): ShapeEvent[] {
  return scene.subjects.map(({ size, colour, shape, action, target }) => {
    const other = target === undefined ? undefined : scene.subjects[target]!;
    return { size, colour, shape, action, ...(other && { target: { colour: other.colour, shape: other.shape } }) };
  });
}

export function describe(events: readonly ShapeEvent[]): Description {
  const texts = events.map(eventText);
  return { thought: events.map(analysis), caption: captionOf(texts), events: texts };
}

/** Such as `a small red circle bumps into the blue square`. */
export function eventText(event: ShapeEvent): string {
  return `a ${event.size} ${event.colour} ${event.shape} ${actionText(event)}`;
}

/** Such as `moves left` or `bumps into the blue square`. */
export function actionText({ action, target }: Pick<ShapeEvent, 'action' | 'target'>): string {
  return target ? `${action} the ${target.colour} ${target.shape}` : action;
}

function analysis(event: ShapeEvent): Thought[number] {
  return { subject: event.shape, attributes: [event.size, event.colour], actions: [actionText(event)] };
}

/** `A small red circle moves left. A large blue square grows.` */
function captionOf(eventTexts: readonly string[]): string {
  return eventTexts.map((text) => `${text[0]!.toUpperCase()}${text.slice(1)}.`).join(' ');
}
