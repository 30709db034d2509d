import { describe, expect, it } from 'vitest';
import { withTable } from '../../../tracking/logged-tables.ts';

describe('withTable', () => {
  it('adds to what is listed, each once', () => {
    const once = withTable(withTable(undefined, 'a.json'), 'b.json');
    expect(once).toBe('[{"path":"a.json","type":"table"},{"path":"b.json","type":"table"}]');
    expect(withTable(once, 'b.json')).toBe(once);
  });

  it('keeps what others listed, whatever else they say of it', () => {
    const other = '[{"path":"theirs.json","type":"table","note":1}]';
    expect(withTable(other, 'ours.json')).toBe(
      '[{"path":"theirs.json","type":"table","note":1},{"path":"ours.json","type":"table"}]',
    );
  });

  it.each(['not JSON', '{"a":1}', '[{"nothing":true}]'])('replaces a broken tag: %s', (tag) => {
    expect(withTable(tag, 'a.json')).toBe('[{"path":"a.json","type":"table"}]');
  });
});
