import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ignoreMissing } from '../../core/durable-file.ts';
import type { Inventory } from './inventory.ts';
import type { RunState } from './known-runs.ts';

/** What a finished run has no use for: what its activities would find if they were tried again. */
const DONE_WITH =
  /^(load-policy\.json|step-\d+\/(rollout-groups|think|judge|update|caption-clips[a-z0-9-]*|benchmark-held-out)\.json)$/;
const CHECKPOINT = /^checkpoints\/(step-\d+)\//;
const PROGRESS = /^progress\/step-(\d+)\.json$/;
/** They refer to nothing, and are the largest texts there are. */
const LEAF = /\/(rollout|verdicts)\.[0-9a-f]{12}\.json$/;

/**
 * The contents that must stay, by path: everything of runs that go on or may, what finished runs are still good for
 * (records, states to fork from, report, benchmarks with captions and verdicts, checkpoints of benchmarked steps and of the
 * end), and all that these refer to, wherever it lies.
 */
export async function neededContents(
  root: string,
  { refs, contents }: Inventory,
  stateOf: (runKey: string) => RunState,
): Promise<Set<string>> {
  const needed = new Set<string>();
  const toRead: string[] = [];
  const keep = (path: string, follow = true) => {
    if (needed.has(path)) return;
    needed.add(path);
    if (follow && path.endsWith('.json') && !LEAF.test(path)) toRead.push(path);
  };

  const lastProgress = lastProgressOf(refs.keys());
  for (const [key, { content }] of refs) {
    const [, runKey, name] = /^runs\/([^/]+)\/(.+)$/.exec(key) ?? [];
    if (content === undefined) {
      // Damaged: which content it named cannot be told, so all that it may be stay.
      for (const path of contents.keys()) if (mayBelongTo(key, path)) keep(path);
      continue;
    }
    if (runKey === undefined || name === undefined) continue;
    const finished = stateOf(runKey) === 'finished';
    if (finished && DONE_WITH.test(name)) continue;
    // The end's is kept by the last state, which names it.
    const step = CHECKPOINT.exec(name)?.[1];
    if (finished && step !== undefined && !refs.has(`runs/${runKey}/${step}/benchmark-held-out-details.json`)) continue;
    // Earlier states name checkpoints that are removed as the run goes on.
    keep(content, !finished || !PROGRESS.test(name) || lastProgress.get(runKey) === key);
  }
  // What a running run has made may be known to its history alone.
  for (const path of contents.keys()) {
    const runKey = /^runs\/([^/]+)\//.exec(path)?.[1];
    if (runKey !== undefined && stateOf(runKey) !== 'finished') keep(path);
  }
  for (let path = toRead.pop(); path !== undefined; path = toRead.pop()) {
    const text = await readFile(join(root, path), 'utf8').catch(ignoreMissing);
    for (const [, uri] of (text ?? '').matchAll(/"uri":"store:([^"\\]+)"/g)) keep(posix.normalize(uri!));
  }
  return needed;
}

function lastProgressOf(keys: Iterable<string>): Map<string, string> {
  const last = new Map<string, string>();
  for (const key of [...keys].sort()) {
    const [, runKey, name] = /^runs\/([^/]+)\/(.+)$/.exec(key) ?? [];
    if (runKey !== undefined && PROGRESS.test(name!)) last.set(runKey, key);
  }
  return last;
}

/** `a/b.json` may have had the content `a/b.0123456789ab.json`. */
function mayBelongTo(key: string, path: string): boolean {
  const { dir, name } = posix.parse(key);
  return posix.dirname(path) === (dir || '.') && posix.basename(path).startsWith(`${name}.`);
}
