import { describe, expect, it } from 'vitest';
import { rolloutTablePath, withTables } from '../../../tracking/logged-tables.ts';

const paths = (tag: string) => (JSON.parse(tag) as { path: string }[]).map(({ path }) => path);

describe('withTables', () => {
  it('adds to what is listed, each once', () => {
    const once = withTables(undefined, ['a.json', 'b.json', 'a.json']);
    expect(once).toBe('[{"path":"a.json","type":"table"},{"path":"b.json","type":"table"}]');
    expect(withTables(once, ['b.json'])).toBe(once);
    expect(paths(withTables(once, ['c.json']))).toEqual(['a.json', 'b.json', 'c.json']);
  });

  it('lists rollouts last: what comes first is what MLflow opens', () => {
    const tag = withTables(withTables(undefined, [rolloutTablePath(2), rolloutTablePath(1)]), ['eval/captions.json']);
    expect(paths(tag)[0]).toBe('eval/captions.json');
  });

  it('keeps what others listed, whatever else they say of it', () => {
    const other = '[{"path":"theirs.json","type":"table","note":1}]';
    expect(withTables(other, ['ours.json'])).toBe(
      '[{"path":"theirs.json","type":"table","note":1},{"path":"ours.json","type":"table"}]',
    );
  });

  it.each(['not JSON', '{"a":1}', '[{"nothing":true}]'])('replaces a broken tag: %s', (tag) => {
    expect(paths(withTables(tag, ['a.json']))).toEqual(['a.json']);
  });

  it('fits into a tag however long a run is: the first rollouts, the latest ones, and every other table stay', () => {
    let tag = withTables(undefined, ['eval/captions.json']);
    for (let step = 1; step <= 1000; step++) tag = withTables(tag, [rolloutTablePath(step)]);
    expect(tag.length).toBeLessThanOrEqual(8000);
    const listed = paths(tag);
    expect(listed).toContain('eval/captions.json');
    expect(listed).toContain('rollouts/step-000001.json');
    expect(listed.at(-1)).toBe('rollouts/step-001000.json');
    expect(listed.length).toBeGreaterThan(100);
  });
});
