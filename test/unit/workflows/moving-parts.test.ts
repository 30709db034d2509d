import { expect, test } from 'vitest';
import { identityNow, machinesOf, NOTHING_SEEN, type RunIdentity } from '../../../contracts/run-identity.ts';
import { type Identity, MOST_VERSIONS, UNKNOWN } from '../../../core/identity.ts';
import { noteIdentity } from '../../../workflows/moving-parts.ts';

const A = { threads: '2', onnxruntime: '1.20.0' };
const B = { threads: '4', onnxruntime: '1.20.0' };
const C = { threads: '4', onnxruntime: '1.21.0' };
const engine = (...found: readonly [step: number, Identity][]): RunIdentity =>
  found.reduce((known, [step, identity]) => noteIdentity(known, 'engine', step, [identity]), NOTHING_SEEN);

test('what a run begins with is no change, and the same again is none', () => {
  expect(engine([0, A], [1, A], [2, { ...A }])).toEqual({ seen: { engine: [A] }, warnings: [] });
});

test('a change is a warning with its step and the facts that differ', () => {
  const { warnings } = engine([0, A], [12, B]);
  expect(warnings).toMatchObject([{ part: 'engine', step: 12 }]);
  expect(warnings[0]!.sentence).toContain('threads 2 -> 4');
  expect(warnings[0]!.sentence).not.toContain('onnxruntime');
});

test('each version is a warning once, however often two of them take turns', () => {
  const { seen, warnings } = engine([0, A], [1, B], [2, A], [3, B], [4, A], [5, C], [6, A]);
  expect(warnings.map(({ step }) => step)).toEqual([1, 5]);
  expect(seen.engine).toEqual([B, C, A]);
});

test('a fact that only one of them has is named', () => {
  const [warning] = engine([0, A], [1, { ...A, cuda: '12.4' }]).warnings;
  expect(warning!.sentence).toContain('cuda none -> 12.4');
});

test('a fact that no server could tell for a while is no change, and is known once it was told', () => {
  const known = { ...A, vllm: '0.32.0' };
  const unknown = { ...A, vllm: UNKNOWN };
  expect(engine([0, unknown], [1, known], [2, unknown])).toEqual({ seen: { engine: [known] }, warnings: [] });
  const { warnings } = engine([0, known], [1, unknown], [2, { ...A, vllm: '0.33.0' }]);
  expect(warnings.map(({ sentence }) => sentence)).toEqual([expect.stringContaining('vllm 0.32.0 -> 0.33.0')]);
});

test('several that answer the questions of one stage are one warning for each but the first', () => {
  const versions = ['a', 'b', 'c'].map((fingerprint) => ({ model: 'm', fingerprint }));
  const known = noteIdentity(NOTHING_SEEN, 'judge', 3, versions);
  expect(known.warnings.map(({ part, step }) => [part, step])).toEqual([
    ['judge', 3],
    ['judge', 3],
  ]);
  expect(known.seen.judge).toEqual(versions);
});

test('parts are kept apart', () => {
  const known = noteIdentity(engine([0, A]), 'frames', 0, [{ ffmpeg: '7.1' }]);
  expect(known.warnings).toEqual([]);
  expect(identityNow(known)).toEqual({ frames: { ffmpeg: '7.1' }, engine: A });
});

test('a server that names itself anew with every answer does not fill the run’s state', () => {
  const steps = Array.from({ length: 100 }, (_, step): [number, Identity] => [step, { fingerprint: `fp_${step}` }]);
  const { seen, warnings } = engine(...steps);
  expect(seen.engine).toHaveLength(MOST_VERSIONS);
  expect(warnings).toHaveLength(MOST_VERSIONS - 1);
});

test('a run that starts from another’s checkpoint compares itself with its machines, and not with its judge', () => {
  const embedding = { model: 'bge-small-en', onnxruntime: '1.30.0' };
  const embedded = noteIdentity(engine([0, A], [1, B]), 'embedding', 1, [embedding]);
  const parent = noteIdentity(embedded, 'judge', 1, [{ model: 'm' }]);
  expect(machinesOf(parent)).toEqual({ seen: { engine: [B], embedding: [embedding] }, warnings: [] });
});
