import { expect, test } from 'vitest';
import { MOST_PAYLOAD_BYTES, payloadBytes, tooLarge } from '../../../core/payload-size.ts';

test.each([
  [undefined, 0],
  [{ a: 1 }, 7],
  ['ä', 4],
  ['\ud800', 8], // JSON escapes half of a character
])('the bytes of %j are those of its JSON in UTF-8: %i', (value, bytes) => {
  expect(payloadBytes(value)).toBe(bytes);
});

test('a payload is too large from one byte above the limit, and the sentence names what and how large it is', () => {
  const fits = 'x'.repeat(MOST_PAYLOAD_BYTES - 2);
  expect(tooLarge('The result of a stage', fits)).toBeUndefined();
  expect(tooLarge('The result of a stage', `${fits}y`)).toContain(`The result of a stage has ${2 ** 20 + 1} bytes`);
});
