import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { suiteFiles } from '../../../../cli/run/suite-files.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';

test('the files of a suite are in the store, or copied from it under names of their own', async () => {
  const home = await mkdtemp(join(tmpdir(), 'videocap-suite-'));
  onTestFinished(() => rm(home, { recursive: true }));
  const store = new ArtifactStore(join(home, 'store'));
  const [report, drillDown, result] = await Promise.all(
    ['report.md', 'items.md', 'result.json'].map((name) => store.put(`runs/a-1/${name}`, `the ${name}`)),
  );
  const evaluation = { suite: 'dream1k' as const, report: report!, drillDown: drillDown!, result: result! };
  const stored = await suiteFiles(evaluation, home);
  expect(await readFile(stored.items, 'utf8')).toBe('the items.md');
  const copied = await suiteFiles(evaluation, home, join(home, 'out'));
  expect(copied.result).toBe(join(home, 'out', 'dream1k-result.json'));
  expect(await readFile(copied.result, 'utf8')).toBe('the result.json');
});
