import type { ChoiceQuestion } from '../../core/sample.ts';
import { type ShapeQuestion, shapeQuestionText } from '../../judge/rule-based/shape-questions.ts';
import { COLOURS, type ShapeEvent, SIZES, SOLO_ACTIONS } from '../../judge/rule-based/shapes-vocabulary.ts';
import { type Chance, chanceAt } from './chance.ts';
import { actionText, eventsOf } from './describe.ts';
import type { Scene } from './scene.ts';

/** Options of a question about an action or a colour. */
const OPTIONS = 4;

/**
 * Three questions a subject: what it does, its size, its colour. They are true of the scene whatever its references
 * say, and a pure function of it.
 */
export function questionsOf(scene: Scene): ChoiceQuestion[] {
  const chance = chanceAt(scene.seed, ['shapes', 'questions', scene.split, scene.index]);
  return eventsOf(scene).flatMap((event) => {
    const { size, colour, shape } = event;
    return [
      choose(chance, { about: 'action', colour, shape }, actionText(event), otherActions(event)),
      choose(chance, { about: 'size', colour, shape }, size, SIZES),
      choose(chance, { about: 'colour', shape }, colour, COLOURS),
    ];
  });
}

/** Two key points a subject: that it is there, with its size, and what it does. True of the scene. */
export function keyPointsOf(scene: Scene): string[] {
  return eventsOf(scene).flatMap((event) => {
    const { size, colour, shape } = event;
    return [`a ${size} ${colour} ${shape}`, `the ${colour} ${shape} ${actionText(event)}`];
  });
}

function choose(chance: Chance, question: ShapeQuestion, answer: string, all: readonly string[]): ChoiceQuestion {
  const wrong = chance.pickSome(
    all.filter((option) => option !== answer),
    OPTIONS - 1,
  );
  const options = chance.pickSome([answer, ...wrong], wrong.length + 1);
  return { question: shapeQuestionText(question), options, answer };
}

/** What else a subject could do: alone, or to the one that it meets. */
function otherActions({ target }: ShapeEvent): string[] {
  const pairs = target ? (['bumps into', 'circles around'] as const) : [];
  return [...SOLO_ACTIONS, ...pairs.map((action) => actionText({ action, ...(target && { target }) }))];
}
