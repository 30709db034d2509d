import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SuiteEvaluation } from '../../contracts/run-results.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage } from '../../core/open-storage.ts';
import { storedAt } from '../output/stored-at.ts';

/**
 * Where the files of a suite's result are: in the artifact store, or where they are copied to.
 * @param home of the installation. @param out the folder for copies.
 */
export async function suiteFiles(
  { suite, report, drillDown, result }: Pick<SuiteEvaluation, 'suite' | 'report' | 'drillDown' | 'result'>,
  home: string,
  out?: string,
): Promise<{ report: string; items: string; result: string }> {
  const stored = { report, items: drillDown, result };
  const paths = { report: storedAt(home, report), items: storedAt(home, drillDown), result: storedAt(home, result) };
  if (out === undefined) return paths;
  const store = new ArtifactStore(await openStorage(home));
  await mkdir(out, { recursive: true });
  for (const name of ['report', 'items', 'result'] as const) {
    paths[name] = resolve(out, `${suite}-${name}.${name === 'result' ? 'json' : 'md'}`);
    await writeFile(paths[name], await store.read(stored[name]));
  }
  return paths;
}
