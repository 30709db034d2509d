import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configNames, configOf, readConfig, sweepNames } from '../../../configs/load-config.ts';
import { parseSweep, readSweep } from '../../../configs/load-sweep.ts';
import { BenchmarkRunInput, TrainingRunInput } from '../../../contracts/run-input.ts';
import { EXPERIMENTS, SWEEP_EXAMPLE, SWEEPS, UNNAMED_CONFIG } from '../../../contracts/start-choices.ts';
import { START_TEMPLATES } from '../../../contracts/start-template.ts';
import { SweepInput } from '../../../contracts/sweep-input.ts';

it('there is a template of every workflow type', () => {
  const index = readFileSync('workflows/index.ts', 'utf8');
  const known = [...index.matchAll(/^export \{ (\w+) \}/gm)].map(([, type]) => type);
  expect(Object.keys(START_TEMPLATES).sort()).toEqual(known.sort());
});

it('templates are right inputs, of configs that ship', async () => {
  const { trainingRun, benchmarkRun, ablationSweep } = START_TEMPLATES;
  for (const input of [TrainingRunInput.parse(trainingRun.input), BenchmarkRunInput.parse(benchmarkRun.input)])
    await configOf(await readConfig(input.config), input.overrides);
  const { sweep, overrides } = SweepInput.parse(ablationSweep.input);
  const { plan } = await planned(sweep, overrides);
  expect(plan).toBeTruthy();
});

async function planned(sweep: string, overrides: Parameters<typeof parseSweep>[1]) {
  return { plan: parseSweep(await readSweep(sweep), overrides) };
}

it('the choices that an empty input is answered with are those that ship', async () => {
  expect([...EXPERIMENTS].sort()).toEqual(await configNames());
  expect([...SWEEPS].sort()).toEqual(await sweepNames());
  for (const name of EXPERIMENTS) expect(UNNAMED_CONFIG).toContain(name);
  for (const name of SWEEPS) expect(SWEEP_EXAMPLE).toContain(name);
});
