import type { z } from 'zod';
import { algorithmOf } from '../algorithms/registry.ts';
import { samplesAhead } from '../algorithms/rollout-lag.ts';
import type { UpdatePolicyInput, UpdatePolicyOutput } from '../contracts/policy.ts';
import { finiteMetrics, prefixed } from '../core/metric-names.ts';
import type { NotFinite } from '../core/not-finite.ts';
import { type Collected, collectCompletions } from './collect-completions.ts';
import { stoppedUpdate } from './not-finite.ts';
import { policyActivities } from './stages.ts';
import type { StepInput, StepOutcome } from './step.ts';
import { clipsOf, decodeAhead } from './step-clips.ts';

/**
 * One optimiser step of the algorithm that the config names. VideoCap-R1, section 3.
 * @param ahead the step's completions, where they were sampled ahead; absent: the step samples them itself.
 */
export async function trainStep(input: StepInput, ahead?: Promise<Collected>): Promise<StepOutcome> {
  const { config } = input;
  const started = Date.now();
  const { learnsFrom } = algorithmOf(config.algorithm);
  if (ahead) input.onStage('scoring');
  const collected = learnsFrom === 'completions' ? await (ahead ?? collectCompletions(input)) : undefined;
  const batch = collected ? completionBatch(input, collected) : await referenceBatch(input);
  input.onStage('update');
  const [update, clipsAhead] = await Promise.all([makeUpdate(input, batch), decodeAhead(input)]);
  if (update.computedWith) input.onIdentity('engine', [update.computedWith]);
  const notFinite = update.notFinite ?? collected?.notFinite;
  const seconds = (Date.now() - started) / 1000;
  if (notFinite) await decide(input, notFinite);
  return {
    policy: update.policy,
    metrics: finiteMetrics({
      ...prefixed('train', update.metrics),
      ...(notFinite && { 'train/skippedUpdates': input.skippedUpdates + 1 }),
      ...collected?.metrics,
      ...(samplesAhead(config.algorithm) && { 'train/staleness': input.policy.step - input.rolloutPolicy.step }),
      'time/stepSeconds': seconds,
      'time/updateSeconds': update.seconds,
    }),
    notFinite,
    scored: collected?.scored,
    usage: collected?.usage ?? { calls: 0, cost: 0 },
    scorable: collected?.scorable,
    seconds,
    clipsAhead,
  };
}

/**
 * Updates after the parts of the step ahead that wait: the judge waits for them, and they are sampled by the policy
 * that the engine holds until then.
 */
function makeUpdate(input: StepInput, batch: UpdateBatch): Promise<z.infer<typeof UpdatePolicyOutput>> {
  const { config, place, policy, reference, keep } = input;
  const update = () =>
    policyActivities(config.policy.engine).updatePolicy({
      ...place,
      policy,
      reference,
      engine: config.policy.engine,
      output: config.prompt.output,
      algorithm: config.algorithm,
      keepEvery: config.checkpoints.keepEvery,
      ...(keep.length > 0 && { keep: [...keep] }),
      batch,
    });
  return input.engine.run(update, place.step + 1);
}

/** Lets a person decide how to go on without the step's update, unless the config has decided. */
async function decide({ config, place, divergence, skippedUpdates }: StepInput, notFinite: NotFinite): Promise<void> {
  const { nonFinite, maxSkips } = config.algorithm.optimizer;
  if (nonFinite === 'skip' && skippedUpdates < maxSkips) return;
  await divergence.hold(stoppedUpdate(config, place.step, notFinite));
}

type UpdateBatch = z.input<typeof UpdatePolicyInput>['batch'];

function completionBatch({ config: { sampling } }: StepInput, { scored, clips }: Collected): UpdateBatch {
  return {
    learnsFrom: 'completions',
    scored,
    clips,
    temperature: sampling.temperature,
    maxNewTokens: sampling.maxNewTokens,
  };
}

async function referenceBatch(input: StepInput): Promise<UpdateBatch> {
  input.onStage('frames');
  return { learnsFrom: 'references', clips: await clipsOf(input), manifest: input.dataset.manifest };
}
