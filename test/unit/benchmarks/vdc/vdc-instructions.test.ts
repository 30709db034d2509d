import { expect, test } from 'vitest';
import { VDC_INSTRUCTIONS, vdcInstruction } from '../../../../benchmarks/vdc/vdc-instructions.ts';
import { VDC_ASPECTS } from '../../../../benchmarks/vdc/vdc-questions.ts';

test.each(VDC_ASPECTS)('%s: the same draw every time, and all instructions get drawn', (aspect) => {
  const clips = Array.from({ length: 400 }, (_, i) => `clip-${i}`);
  const drawn = clips.map((clip) => vdcInstruction(aspect, clip));
  expect(clips.map((clip) => vdcInstruction(aspect, clip))).toEqual(drawn);
  expect(new Set(drawn)).toEqual(new Set(VDC_INSTRUCTIONS[aspect]));
  expect(VDC_INSTRUCTIONS[aspect]).toHaveLength(aspect === 'detailed' ? 24 : 16);
});

test('aspects of one video are asked for in their own words', () => {
  const asked = VDC_ASPECTS.map((aspect) => vdcInstruction(aspect, 'a'));
  expect(new Set(asked).size).toBe(5);
});
