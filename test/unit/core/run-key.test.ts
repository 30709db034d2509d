import { describe, expect, test } from 'vitest';
import { keyOfRun, LONGEST_RUN_ID, mayBeRunKeyOf, shortName, wrongRunId } from '../../../core/run-key.ts';

/** Two executions that Temporal's clock has begun within a minute: their ids begin with the same digits. */
const [FIRST, SECOND] = ['01a228a7-b84b-7d01-b717-6d15627de049', '01a228a7-c02e-7640-a7a0-aa7dbf2ab9fa'];

describe('the key of a run', () => {
  test('is another one for a workflow id that is used again, within the same minute too', () => {
    expect(keyOfRun('my-run', FIRST)).toBe('my-run-627de049');
    expect(keyOfRun('my-run', FIRST)).not.toBe(keyOfRun('my-run', SECOND));
    expect(keyOfRun('a/b', FIRST)).not.toBe(keyOfRun('a_b', SECOND));
  });

  test.each(['a/b', '..', '../..', '.hidden', 'ends ', 'new\nline', 'nul\0', 'ä'.repeat(200), 'x'.repeat(200), '😀'])(
    'of the id %j is one name of a file, whatever is made of it',
    (workflowId) => {
      const key = keyOfRun(workflowId, FIRST);
      expect(key).toMatch(/^[A-Za-z0-9._-]+$/);
      expect(key).not.toMatch(/^\.{1,2}$/);
      expect(mayBeRunKeyOf(key, workflowId)).toBe(true);
      // The longest name that is made of it: an export that is being written.
      expect(`${key}.01a228a7-b84b-7d01-b717-6d15627de049.partial`.length).toBeLessThanOrEqual(255);
    },
  );

  test('is no key of an id that its own begins with', () => {
    expect(mayBeRunKeyOf(keyOfRun('sft-2', FIRST), 'sft')).toBe(false);
  });
});

test('an id is refused from one character above the limit', () => {
  expect(wrongRunId('x'.repeat(LONGEST_RUN_ID))).toBeUndefined();
  expect(wrongRunId('x'.repeat(LONGEST_RUN_ID + 1))).toContain(`${LONGEST_RUN_ID + 1} characters`);
});

test('a name that is cut keeps whole characters', () => {
  expect(shortName('a😀', 2)).toBe('a');
  expect(shortName('a😀', 3)).toBe('a😀');
});
