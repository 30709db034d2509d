import { z } from 'zod';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import type { Storage } from '../../core/storage.ts';
import { keyOf, parseKey, standInsOf } from '../../core/store-layout.ts';
import { keyOfContent, nameIn, refsIn } from '../../core/stored-ref.ts';
import type { Inventory } from './inventory.ts';
import type { RunState } from './known-runs.ts';
import { ruleFor } from './rules.ts';

/**
 * The names of the contents that must stay: everything of runs that continue or may, what finished runs are still good
 * for (records, states to fork from, report, benchmarks with captions and verdicts, checkpoints of benchmarked steps,
 * the best ones among them, and of `checkpoints.keepEvery`, each with its reference policy, and of the end), and all
 * that these refer to, wherever it lies.
 */
export async function neededContents(
  storage: Storage,
  { refs, contents }: Inventory,
  stateOf: (runKey: string) => RunState,
): Promise<Set<string>> {
  const needed = new Set<string>();
  const toRead: string[] = [];
  const keep = (name: string, follow = true) => {
    if (needed.has(name)) return;
    needed.add(name);
    if (follow && name.endsWith('.json') && !ruleFor(keyOfContent(name) ?? name).isLeaf) toRead.push(name);
  };

  const lastProgress = lastProgressOf(refs.keys());
  const keepEvery = await keepEveryOf(storage, refs, lastProgress);
  for (const [key, { content }] of refs) {
    if (content === undefined) {
      // A damaged ref hides its content's name, so every content of the key stays.
      for (const name of contents.keys()) if (keyOfContent(name) === key) keep(name);
      continue;
    }
    const runKey = runKeyOf(key);
    const { need } = ruleFor(key);
    if (runKey === undefined) {
      if (need === 'unknown') keep(content);
      continue;
    }
    const finished = stateOf(runKey) === 'finished';
    if (finished && need === 'retries') continue;
    // The end's is kept by the last progress, which names it.
    if (finished && need === 'checkpoint' && !isKept(key, keepEvery, refs)) continue;
    // Other progress names checkpoints that were removed as the run continued.
    const isFollowed =
      !finished || need !== 'progress' || lastProgress.get(runKey) === key || isKept(key, keepEvery, refs);
    keep(content, isFollowed);
  }
  // What a running run has made may be known to its history alone.
  for (const name of contents.keys()) {
    const runKey = runKeyOf(name);
    if (runKey !== undefined && stateOf(runKey) !== 'finished') keep(name);
  }
  for (let name = toRead.pop(); name !== undefined; name = toRead.pop()) {
    for (const ref of await refsUnder(storage, name)) keep(nameIn(ref));
    for (const standIn of standInsOf(keyOfContent(name) ?? '')) {
      const content = refs.get(standIn)?.content;
      if (content !== undefined) keep(content);
    }
  }
  return needed;
}

/** The run in whose folder a key or a content lies. */
export function runKeyOf(key: string): string | undefined {
  return /^runs\/([^/]+)\//.exec(key)?.[1];
}

/** None where the content is gone or damaged. */
async function refsUnder(storage: Storage, name: string): Promise<ArtifactRef[]> {
  const bytes = await storage.getContent(name);
  try {
    return bytes ? refsIn(JSON.parse(bytes.toString())) : [];
  } catch {
    return [];
  }
}

/**
 * Whether a checkpoint, or the state that names it and its reference policy, is of a step that `keepEvery` keeps, which
 * a fork can start from, or that was benchmarked: it belongs to a result, and may be the best.
 */
function isKept(key: string, keepEvery: ReadonlyMap<string, number>, refs: Inventory['refs']): boolean {
  const parsed = parseKey(key);
  if (parsed === undefined || !('runKey' in parsed.parts && 'step' in parsed.parts)) return false;
  const { runKey, step } = parsed.parts;
  const every = keepEvery.get(runKey) ?? 0;
  return (every > 0 && step % every === 0) || refs.has(keyOf('heldOutDetails', { runKey, step }));
}

const KeptEvery = z.object({ config: z.object({ checkpoints: z.object({ keepEvery: z.number() }) }) });

/** `checkpoints.keepEvery` of each run, as its last progress has it. */
async function keepEveryOf(
  storage: Storage,
  refs: Inventory['refs'],
  lastProgress: ReadonlyMap<string, string>,
): Promise<Map<string, number>> {
  const kept = new Map<string, number>();
  for (const [runKey, key] of lastProgress) {
    const name = refs.get(key)?.content;
    const bytes = name === undefined ? undefined : await storage.getContent(name);
    try {
      kept.set(runKey, KeptEvery.parse(JSON.parse(`${bytes}`)).config.checkpoints.keepEvery);
    } catch {
      // Gone or damaged: then only benchmarked checkpoints are known to be kept.
    }
  }
  return kept;
}

function lastProgressOf(keys: Iterable<string>): Map<string, string> {
  const last = new Map<string, string>();
  for (const key of [...keys].sort()) {
    const parsed = parseKey(key);
    if (parsed?.kind === 'progress') last.set(parsed.parts.runKey, key);
  }
  return last;
}
