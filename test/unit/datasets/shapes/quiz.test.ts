import { expect, test } from 'vitest';
import { ChoiceQuestions, KeyPoints } from '../../../../core/sample.ts';
import { describe as describeScene, eventsOf } from '../../../../datasets/shapes/describe.ts';
import { keyPointsOf, questionsOf } from '../../../../datasets/shapes/quiz.ts';
import { sceneAt } from '../../../../datasets/shapes/scene.ts';
import { RuleBasedJudge } from '../../../../judge/rule-based/rule-based-judge.ts';

const SCENES = Array.from({ length: 200 }, (_, i) => sceneAt(1, i % 2 === 0 ? 'train' : 'held-out', i));
const judge = new RuleBasedJudge();
const captionOf = (scene: (typeof SCENES)[number]) => describeScene(eventsOf(scene)).caption;

test('the caption of every scene answers all its questions and mentions all its key points', async () => {
  for (const scene of SCENES) {
    const caption = captionOf(scene);
    const questions = questionsOf(scene);
    expect(ChoiceQuestions.parse(questions)).toEqual(questions);
    expect(KeyPoints.parse(keyPointsOf(scene))).toEqual(keyPointsOf(scene));
    expect(questions).toHaveLength(3 * scene.subjects.length);
    for (const question of questions)
      expect(await judge.answer(caption, question)).toEqual({ answer: question.options.indexOf(question.answer) });
    expect(await judge.findKeyPoints(caption, keyPointsOf(scene))).toEqual({
      answer: keyPointsOf(scene).map(() => true),
    });
  }
});

test('the caption of another scene answers few of them', async () => {
  let right = 0;
  let asked = 0;
  for (const [i, scene] of SCENES.entries())
    for (const question of questionsOf(scene)) {
      const outcome = await judge.answer(captionOf(SCENES[(i + 1) % SCENES.length]!), question);
      asked++;
      if ('answer' in outcome && outcome.answer === question.options.indexOf(question.answer)) right++;
    }
  expect(right / asked).toBeLessThan(0.1);
});

test('a scene always asks the same, and the right option stands in no favourite place', () => {
  expect(questionsOf(SCENES[0]!)).toEqual(questionsOf(sceneAt(1, 'train', 0)));
  const places = SCENES.flatMap(questionsOf).map(({ options, answer }) => options.indexOf(answer));
  for (const place of [0, 1, 2]) expect(places.filter((at) => at === place).length).toBeGreaterThan(places.length / 6);
});
