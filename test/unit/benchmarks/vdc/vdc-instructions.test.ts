import { expect, test } from 'vitest';
import { vdcInstruction } from '../../../../benchmarks/vdc/vdc-instructions.ts';
import { VDC_ASPECTS } from '../../../../benchmarks/vdc/vdc-questions.ts';

test.each(VDC_ASPECTS)('%s: the same draw every time, and all instructions get drawn', (aspect) => {
  const clips = Array.from({ length: 60 }, (_, i) => `clip-${i}`);
  const drawn = clips.map((clip) => vdcInstruction(aspect, clip));
  expect(clips.map((clip) => vdcInstruction(aspect, clip))).toEqual(drawn);
  expect(new Set(drawn).size).toBe(3);
});

test('aspects of one video are asked for in their own words', () => {
  const asked = VDC_ASPECTS.map((aspect) => vdcInstruction(aspect, 'a'));
  expect(new Set(asked).size).toBe(5);
});
