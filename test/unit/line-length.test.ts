import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COLUMNS = 120;

/**
 * Exempt: fixtures and histories, which programs write, and prompts, whose every byte is part of an answer's key. The
 * biome formatter wraps code; this test covers what it leaves alone: comments, strings, Markdown, YAML and Python.
 */
const EXEMPT = /^test\/(fixtures|histories)\/|\/prompts\/[^/]+\.md$/;
const INLINE_SNAPSHOT = /(InlineSnapshot\(\s*)`(?:[^`\\]|\\.)*`/g;

test(`no line is longer than ${COLUMNS} columns, except rows of Markdown tables and inline snapshots`, () => {
  const tracked = execFileSync('git', ['ls-files', '*.md', '*.ts', '*.mjs', '*.py', '*.yaml'], { cwd: ROOT });
  const files = tracked.toString().trimEnd().split('\n');
  expect(files.length).toBeGreaterThan(700);
  expect(files.filter((file) => !EXEMPT.test(file)).flatMap(longLines)).toEqual([]);
});

function longLines(file: string): string[] {
  const withSnapshots = readFileSync(join(ROOT, file), 'utf8');
  const text = withSnapshots.replace(INLINE_SNAPSHOT, (snapshot, call) => call + snapshot.replace(/[^\n]/g, ''));
  return text
    .split('\n')
    .map((line, i) => ({ line, place: `${file}:${i + 1}` }))
    .filter(({ line }) => line.length > COLUMNS && !(file.endsWith('.md') && /^\s*\|/.test(line)))
    .map(({ place }) => place);
}
