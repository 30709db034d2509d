import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fuzz } from '../../fuzz/fuzz.ts';

// However many cases the others try, and from which seed.
beforeAll(() => {
  vi.stubEnv('FUZZ_RUNS', undefined);
  vi.stubEnv('FUZZ_SEED', undefined);
});
afterAll(() => vi.unstubAllEnvs());

const run = (how: string, limits = { caseSeconds: 60, mebibytes: 400 }) =>
  fuzz(new URL(`./misbehaving.fuzz.ts?how=${how}`, import.meta.url), 5, limits);

const found = (what: RegExp) =>
  new RegExp(
    `^misbehaving: (${what.source}) in case 3 of seed 1; repeat it: FUZZ_SEED=1 FUZZ_RUNS=3 npx vitest run ` +
      'misbehaving.fuzz$',
  );

// At the same time: each of them lasts as long as the fuzzer lets it.
test.concurrent.each([
  ['loop', /no end after 2 s/],
  ['expression', /no end after 2 s/],
  ['wait', /no end after 2 s/],
  ['nothing', /the thread ended with code 13/],
])(
  'what never ends fails with its seed and its case: %s',
  async (how, what) => {
    await expect(run(how, { caseSeconds: 2, mebibytes: 400 })).rejects.toThrow(found(what));
  },
  120_000,
);

test.each(['objects', 'buffers'])(
  'what takes more and more memory fails with its seed and its case: %s',
  async (how) => {
    await expect(run(how)).rejects.toThrow(found(/\d+ MiB more than at first|more than \d+ MiB of objects/));
  },
  120_000,
);

test('a defect fails with the input that shows it', async () => {
  await expect(run('defect')).rejects.toThrow(/Property failed after 3 tests.*Counterexample: \[\d+\].*a defect/s);
});

test('a refusal is none', async () => {
  await expect(run('refusal')).resolves.toBeUndefined();
});
