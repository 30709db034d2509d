import { expect, test } from 'vitest';
import { odditiesOf } from '../../../../datasets/annotation/oddities.ts';

const CAPTION = 'The grey rabbit smells white flowers while an animal watches from a branch in a sunny meadow.';
const GOOD = {
  thought: [
    { subject: 'grey rabbit', attributes: ['grey'], actions: ['smells white flowers'] },
    { subject: 'animal', attributes: [], actions: ['watches from a branch'] },
  ],
  events: ['the grey rabbit smells white flowers', 'an animal watches from a branch'],
};

test('what says what the caption says is not odd, whatever the form of its verbs', () => {
  expect(odditiesOf(CAPTION, GOOD)).toEqual([]);
  expect(odditiesOf(CAPTION, { ...GOOD, events: ['a rabbit smelling flowers', 'an animal watched'] })).toEqual([]);
});

test.each([
  ['no events', { ...GOOD, events: [] }],
  ['no subjects', { ...GOOD, thought: [] }],
  ['an event says what the caption does not', { ...GOOD, events: [...GOOD.events, 'a man walks into a bar'] }],
  [
    'a subject is not in the caption',
    { ...GOOD, thought: [...GOOD.thought, { subject: 'woman', attributes: ['red coat'], actions: [] }] },
  ],
  ['an event is the whole caption', { ...GOOD, events: [CAPTION] }],
  ['events repeat each other', { ...GOOD, events: [...GOOD.events, 'The grey rabbit smells white flowers.'] }],
  [
    'a subject has neither attributes nor actions',
    { ...GOOD, thought: [GOOD.thought[0]!, { subject: 'animal', attributes: [], actions: [] }] },
  ],
  [
    'much of the caption is in no event',
    { thought: [{ subject: 'rabbit', attributes: ['grey'], actions: [] }], events: ['the rabbit smells'] },
  ],
])('%s', (name, annotation) => {
  expect(odditiesOf(CAPTION, annotation)).toContain(name);
});
