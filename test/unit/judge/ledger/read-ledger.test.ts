import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportEntries } from '../../../../cli/commands/judge-export.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import type { LedgerEntry } from '../../../../judge/ledger/ledger-entry.ts';
import { filedEntries, readEntries } from '../../../../judge/ledger/read-ledger.ts';
import { LedgerSums } from '../../../../judge/ledger/sum-ledger.ts';

const ENTRIES = 300;
/** What a reader may hold besides what it has given away. */
const FEW = 64;

let root: string;
/** Says how many entries were read. */
class CountingStore extends ArtifactStore {
  reads = 0;
  override async read(ref: Parameters<ArtifactStore['read']>[0]) {
    this.reads++;
    return super.read(ref);
  }
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-ledger-'));
  const store = new ArtifactStore(root);
  await Promise.all(
    Array.from({ length: ENTRIES }, async (_, i) => {
      const entry: LedgerEntry = {
        prompt: i % 3 ? 'event-entailment.v1' : 'event-extraction.v1',
        asked: { model: 'm' },
        question: { number: i },
        attempts: [{ text: '{}', finishReason: 'stop', inputTokens: 10, outputTokens: 5, seconds: 1 }],
        outcome: i === 0 ? { unscorable: true, reason: 'r' } : { answered: true },
        paidBy: `runs/r-${i % 2}/step-000001`,
        repeated: 0,
        cost: 0.5,
      };
      const key = `ledger/${String(i).padStart(64, '0')}.json`;
      await store.putJson(key, entry);
      // Stored in the order of their numbers, a second apart.
      await utimes(join(root, `${key}.ref`), i, i);
    }),
  );
}, 60_000);
afterAll(() => rm(root, { recursive: true }));

const numberOf = (entry: object | string) =>
  typeof entry === 'object' && 'question' in entry ? (entry.question as { number: number }).number : undefined;

test('entries come oldest first, read only a few ahead of who takes them', async () => {
  const store = new CountingStore(root);
  const filed = await filedEntries(store);
  expect(store.reads).toBe(0);
  let taken = 0;
  for await (const entry of readEntries(store, filed)) {
    expect(numberOf(entry)).toBe(taken++);
    expect(store.reads).toBeLessThanOrEqual(taken + FEW);
  }
  expect(taken).toBe(ENTRIES);
});

test('sums are those of all entries', async () => {
  const store = new ArtifactStore(root);
  const sums = new LedgerSums();
  for await (const entry of readEntries(store, await filedEntries(store)))
    if (typeof entry === 'object') sums.add(entry);
  expect(sums.total).toEqual({
    calls: ENTRIES,
    requests: ENTRIES,
    inputTokens: 10 * ENTRIES,
    outputTokens: 5 * ENTRIES,
    estimated: 0,
    cost: 0.5 * ENTRIES,
    unscorable: 1,
    repeated: 0,
  });
  expect(sums.byPrompt.map(({ name, calls, unscorable }) => ({ name, calls, unscorable }))).toEqual([
    { name: 'event-entailment.v1', calls: 200, unscorable: 0 },
    { name: 'event-extraction.v1', calls: 100, unscorable: 1 },
  ]);
  expect(sums.byRun.map(({ name, calls }) => ({ name, calls }))).toEqual([
    { name: 'r-0', calls: 150 },
    { name: 'r-1', calls: 150 },
  ]);
});

test('an export of the latest reads little more than those, and writes them oldest first', async () => {
  const store = new CountingStore(root);
  const file = join(root, 'latest.jsonl');
  const wanted = ({ prompt }: LedgerEntry) => prompt === 'event-extraction.v1';
  expect(await exportEntries(store, await filedEntries(store), file, { wanted, limit: 3 })).toBe(3);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => numberOf(JSON.parse(line)))).toEqual([291, 294, 297]);
  expect(store.reads).toBeLessThanOrEqual(2 * 9 + FEW);
});

test('an export that fails on its way leaves no file behind', async () => {
  const file = join(root, 'failed.jsonl');
  const wanted = () => {
    throw new Error('defect');
  };
  const store = new ArtifactStore(root);
  await expect(exportEntries(store, await filedEntries(store), file, { wanted })).rejects.toThrow('defect');
  await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
});
