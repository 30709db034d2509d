import { copyFile, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { SuiteEvaluation } from '../../contracts/run-results.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage, storeUrl } from '../../core/open-storage.ts';

/** Where the files of a result are: in the artifact store, in a copy of a bucket's, or where they were copied to. */
export async function suiteFiles(
  { suite, report, drillDown, result }: SuiteEvaluation,
  home: string,
  out: string | undefined,
): Promise<Record<'report' | 'items' | 'result', string>> {
  const store = new ArtifactStore(await openStorage(home));
  if (out !== undefined) await mkdir(out, { recursive: true });
  const file = async (name: string, ref: ArtifactRef) => {
    // Of workers elsewhere with a folder of their own, the path is theirs.
    if (out === undefined && storeUrl() === undefined) return join(home, 'store', ref.uri.slice('store:'.length));
    const path = await store.localCopy(ref);
    if (out === undefined) return path;
    const copy = resolve(out, `${suite}-${name}.${name === 'result' ? 'json' : 'md'}`);
    await copyFile(path, copy);
    return copy;
  };
  return {
    report: await file('report', report),
    items: await file('items', drillDown),
    result: await file('result', result),
  };
}
