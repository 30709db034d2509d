import { ExperimentConfig } from '../../../configs/schema.ts';
import { Gate } from '../../../workflows/gate.ts';
import type { JudgeGate } from '../../../workflows/judge-gate.ts';
import { OneAtATime } from '../../../workflows/one-at-a-time.ts';
import type { StepInput } from '../../../workflows/step.ts';
import { policyAt, ref, scriptedStages } from './scripted-stages.ts';
import type { StageName, Stages } from './stage-contracts.ts';

let stages = scriptedStages([]);

/** Stands for `workflows/stages.ts`: a step played without a server, by the stages that `playedBy` has set. */
export function playedStages() {
  const activities = new Proxy({}, { get: (_, name: StageName) => (input: never) => stages[name](input) });
  return { mediaActivities: activities, judgeActivities: activities, policyActivities: () => activities };
}

/** The stages that play from now on, and what each of their calls was given, in order. */
export function playedBy(overrides: Partial<Stages> = {}): [name: StageName, input: unknown][] {
  const calls: [StageName, unknown][] = [];
  const scripted = scriptedStages([], overrides);
  stages = Object.fromEntries(
    Object.entries(scripted).map(([name, stage]) => [
      name,
      (input: never) => {
        calls.push([name as StageName, input]);
        return stage(input);
      },
    ]),
  ) as typeof scripted;
  return calls;
}

/** Step 3 of a run whose training split has so many samples, of which a round takes two. */
export function stepInput(algorithm: object, train: number, more: Partial<StepInput> = {}) {
  const shown: string[] = [];
  const gate = { passed: 0 };
  const paid = { calls: 0, cost: 0 };
  const config = ExperimentConfig.parse({
    seed: 5,
    algorithm: { samplesPerStep: 2, ...algorithm },
    sampling: { groupSize: 2 },
  });
  const input: StepInput = {
    config,
    place: { runKey: 'r', step: 3 },
    policy: policyAt(2),
    rolloutPolicy: policyAt(2),
    reference: policyAt(0),
    dataset: { manifest: ref('manifest'), train },
    isLast: () => false,
    keep: [],
    spent: () => ({ calls: 10 + paid.calls, usd: 1 + paid.cost }),
    judge: () => config.judge,
    gate: {
      through: <T>(ask: () => Promise<T>) => {
        gate.passed += 1;
        return ask();
      },
    } as JudgeGate,
    engine: new OneAtATime(),
    judging: new OneAtATime(),
    onStage: (stage) => void shown.push(stage),
    onIdentity: () => {},
    onJudged: ({ calls, cost }) => {
      paid.calls += calls;
      paid.cost += cost;
    },
    divergence: new Gate('not finite', 'Diverged'),
    skippedUpdates: 0,
    ...more,
  };
  return { input, shown, gate };
}
