import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { shuffledAt, uniformAt } from '../../core/random.ts';
import type { Victim } from './matrix/cells.ts';
import { differences, madeTwice, outcomeOf, paidAgain } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { type Chaos, ChaosWorld, type Played } from './matrix/world.ts';

/**
 * `npm run soak [-- --seed 7 --kills 50 --steps 100]`: one run whose processes are killed again and again, at random
 * moments and several at a time, compared with the same run undisturbed. Writes `docs/soak.md`; ends with 1 when
 * anything differs.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    kills: { type: 'string', default: '50' },
    steps: { type: 'string', default: '100' },
  },
});
const [seed, kills, steps] = [values.seed, values.kills, values.steps].map(Number) as [number, number, number];

/** Workers do most of the work and die most often. */
const VICTIMS: readonly Victim[] = ['worker', 'worker', 'worker', 'temporal', 'mlflow', 'judge'];
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [300, 5000];

interface Kill {
  victim: Victim;
  /** Of the run. */
  seconds: number;
  /** What else was down at that moment. */
  during: Victim[];
}

async function disturb({ strike, over }: Chaos, done: Kill[]): Promise<void> {
  const started = performance.now();
  const down = new Set<Victim>();
  const returning: Promise<void>[] = [];
  while (done.length < kills) {
    const i = done.length;
    await sleep(SHORTEST_PAUSE + (LONGEST_PAUSE - SHORTEST_PAUSE) * uniformAt(seed, ['soak', 'pause', i]));
    if (over()) break;
    const victim = shuffledAt(VICTIMS, seed, ['soak', 'victim', i]).find((each) => !down.has(each));
    if (!victim) continue;
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    done.push({ victim, seconds, during: [...down] });
    process.stdout.write(`${done.length}/${kills}  ${victim} killed after ${seconds} s\n`);
    down.add(victim);
    returning.push(strike(victim).finally(() => down.delete(victim)));
  }
  await Promise.all(returning);
}

const stored = ({ journal }: Played) => new Set(journal.filter((line) => line.startsWith('put '))).size;

const world = await ChaosWorld.start();
const done: Kill[] = [];
try {
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  const experiment = {
    config,
    overrides: { ...overrides, 'algorithm.steps': steps, 'benchmark.everySteps': 20, 'dataset.trainSamples': 40 },
  };
  process.stdout.write(`Soak with seed ${seed}: ${steps} steps, first undisturbed.\n`);
  const calm = await world.play('calm', experiment, { longestSeconds: 1800 });
  process.stdout.write(`Undisturbed: ${calm.seconds.toFixed(0)} s. Now ${kills} kills.\n`);
  const struck = await world.play('struck', experiment, {
    disturb: (chaos) => disturb(chaos, done),
    longestSeconds: 3600,
  });
  const undisturbed = await outcomeOf(calm);
  const wrong = [...differences(undisturbed, await outcomeOf(struck)), ...madeTwice(struck)];
  if (done.length < kills) wrong.push(`the run was over after ${done.length} kills; give it more --steps`);
  const byVictim = [...new Set(VICTIMS)].map((victim) => [
    victim,
    done.filter((kill) => kill.victim === victim).length,
  ]);
  const lines = [
    '# Soak',
    '',
    `One run of ${steps} GRPO steps of 2 updates each, in which something died ${done.length} times at random moments`,
    "(processes by SIGKILL, the judge's endpoint with all its connections):",
    `${byVictim.map(([victim, count]) => `${victim} ${count}`).join(', ')};`,
    `${done.filter(({ during }) => during.length > 0).length} of them while something else was down. Seed ${seed}.`,
    `Made by \`npm run soak -- --seed ${seed} --kills ${kills} --steps ${steps}\`.`,
    '',
    '| | undisturbed | killed |',
    '|---|---|---|',
    `| seconds | ${calm.seconds.toFixed(0)} | ${struck.seconds.toFixed(0)} |`,
    `| weights | ${undisturbed.weights.slice(0, 16)} | ${struck.summary.policy.weights.sha256.slice(0, 16)} |`,
    `| artifacts stored, made again | ${stored(calm)}, ${madeTwice(calm).length} | ${stored(struck)}, ` +
      `${madeTwice(struck).length} |`,
    `| questions answered, asked again | ${calm.answered.size}, ${paidAgain(calm)} | ${struck.answered.size}, ` +
      `${paidAgain(struck)} |`,
    '',
    wrong.length === 0
      ? 'Weights, optimiser state, metric series (in the store and in MLflow), benchmark and report are equal.\n' +
        'The judge was asked again only for answers on their way when a worker died.'
      : `**${wrong.join('; ')}**`,
    '',
  ];
  process.stdout.write(`${lines.slice(2).join('\n')}\n`);
  await writeFile('docs/soak.md', lines.join('\n'));
  const lostAtMost = 2 * done.filter(({ victim }) => victim === 'worker').length;
  process.exitCode = wrong.length === 0 && paidAgain(struck) <= lostAtMost ? 0 : 1;
} finally {
  await world.stop();
}
