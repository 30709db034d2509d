import assert from 'node:assert/strict';
import fc from 'fast-check';
import { VideocapError } from '../../../core/errors.ts';

const how = new URL(import.meta.url).searchParams.get('how');
const kept: unknown[] = [];
let cases = 0;

const misbehaviours: Record<string, () => unknown> = {
  loop() {
    for (;;) cases += 0;
  },
  expression: () => /^(a+)+$/.test(`${'a'.repeat(60)}b`),
  wait: () => new Promise(() => setInterval(() => undefined, 1000)),
  nothing: () => new Promise(() => undefined),
  objects() {
    for (;;) kept.push({ some: `text ${kept.length}` });
  },
  buffers() {
    for (;;) kept.push(new Uint8Array(2 ** 20).fill(1));
  },
  defect: () => assert.fail('a defect'),
  refusal() {
    throw new VideocapError('InvalidInput', 'It is refused.');
  },
};

export const inputs = fc.nat();

/** From the third case on it does what its address says. */
export async function subject(): Promise<void> {
  if (++cases >= 3) await misbehaviours[how!]!();
}
