import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCompletion } from '../../../core/completion.ts';
import { structuredCompletion, Thought } from '../../../core/sample.ts';

const THOUGHT = [{ subject: 'circle', attributes: ['small', 'red'], actions: ['moves left'] }];

describe('parseCompletion', () => {
  it('takes a well-formed completion apart', () => {
    expect(parseCompletion(structuredCompletion(THOUGHT, 'A small red circle moves left.'))).toEqual({
      wellFormed: true,
      thought: THOUGHT,
      caption: 'A small red circle moves left.',
    });
  });

  it('allows white space between the parts and nothing else', () => {
    const json = JSON.stringify(THOUGHT);
    expect(parseCompletion(`<think>${json}</think>\n\n<answer>x</answer>`).wellFormed).toBe(true);
    expect(parseCompletion(`<think>${json}</think> so <answer>x</answer>`).wellFormed).toBe(false);
    expect(parseCompletion(`<think>${json}</think><answer>x</answer> bye`).wellFormed).toBe(false);
  });

  it('still finds the caption of a completion whose thought is broken', () => {
    expect(parseCompletion('<think>[{]</think><answer>A dog.</answer>')).toEqual({
      wellFormed: false,
      caption: 'A dog.',
    });
  });

  it.each([
    ['empty', ''],
    ['an unclosed answer', '<think>[]</think><answer>cut'],
    ['an empty answer', '<think>[]</think><answer> </answer>'],
    ['a thought of the wrong shape', '<think>{"subject":"x"}</think><answer>y</answer>'],
    ['extra keys', '<think>[{"subject":"x","attributes":[],"actions":[],"z":1}]</think><answer>y</answer>'],
  ])('calls %s not well-formed', (_name, text) => {
    expect(parseCompletion(text).wellFormed).toBe(false);
  });

  it('never throws, whatever a model writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.json(), (text, json) => {
        parseCompletion(text);
        parseCompletion(`<think>${json}</think><answer>${text}</answer>`);
      }),
    );
    parseCompletion(`<think>${'['.repeat(100_000)}</think><answer>x</answer>`);
    parseCompletion('<think>'.repeat(1_000_000));
  });

  it('takes a plain completion as the caption, whole', () => {
    expect(parseCompletion(' A dog runs.\n', 'plain')).toEqual({ wellFormed: true, caption: 'A dog runs.' });
    expect(parseCompletion('<answer>A dog.</answer>', 'plain').caption).toBe('<answer>A dog.</answer>');
    expect(parseCompletion(' \n', 'plain')).toEqual({ wellFormed: false });
  });

  it('reads back any thought it is given', () => {
    const strings = fc.array(fc.string({ maxLength: 8 }), { maxLength: 3 });
    const thought = fc.array(fc.record({ subject: fc.string(), attributes: strings, actions: strings }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(thought, (value) => {
        fc.pre(!JSON.stringify(value).includes('</think>'));
        expect(parseCompletion(structuredCompletion(Thought.parse(value), 'c')).thought).toEqual(value);
      }),
    );
  });
});
