import { createBenchmarkActivities } from '../../../activities/benchmark.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { Evaluation, ScoredRollout, StepRecord } from '../../../contracts/run-results.ts';
import type { ArtifactRef } from '../../../core/artifact-ref.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { parseCompletion } from '../../../core/completion.ts';
import type { NumberGrid } from '../../../core/grid.ts';
import { uniformAt } from '../../../core/random.ts';
import { type Sample, structuredCompletion } from '../../../core/sample.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { describe, eventsOf } from '../../../datasets/shapes/describe.ts';
import { type Scene, sceneAt } from '../../../datasets/shapes/scene.ts';
import type { ShapeEvent } from '../../../judge/rule-based/shapes-vocabulary.ts';
import { encodeClip } from '../../../video/clip.ts';

export interface SyntheticRunOptions {
  steps?: number;
  samples?: number;
  config?: unknown;
  /** Stands in for a completion's text: what a policy may write is up to the policy. */
  spoken?: (text: string, sampleId: string) => string;
  video?: (scene: Scene) => Promise<Buffer>;
  clip?: (scene: Scene, video: ArtifactRef) => Promise<Buffer>;
}

export interface SyntheticRun {
  runKey: string;
  config: ExperimentConfig;
  manifest: ArtifactRef;
  digest: string;
  heldOutClips: ArtifactRef;
  evaluations: Evaluation[];
  records: StepRecord[];
  lastStep: number;
}

const START = 1_780_000_000_000;
const GROUP_SIZE = 4;

/**
 * A finished GRPO run as it lies in the store, without a model: a policy that tells each event of a scene with a chance
 * that grows as it trains. Its benchmark numbers come from the real benchmark, so everything fits together.
 */
export async function syntheticRun(store: ArtifactStore, options: SyntheticRunOptions = {}): Promise<SyntheticRun> {
  const { steps = 4, samples: count = 8, spoken = (text) => text } = options;
  const runKey = 'quickstart-1-0a1b2c3d';
  const config = ExperimentConfig.parse(
    options.config ?? {
      name: 'quickstart',
      dataset: { kind: 'shapes', heldOutSamples: count },
      algorithm: { kind: 'grpo', steps },
      reward: { think: { similarity: 'token-f1' }, caption: { variant: 'f1' } },
    },
  );
  const scenes = Array.from({ length: count }, (_, i) => sceneAt(1, 'held-out', i));
  const samples: Sample[] = [];
  const clips: { sampleId: string; clip: ArtifactRef }[] = [];
  for (const scene of scenes) {
    const id = `held-out-${String(scene.index).padStart(6, '0')}`;
    const bytes = await (options.video?.(scene) ?? Buffer.from(`video of ${id}`));
    const artifact = await store.put(`data/shapes/${id}.mp4`, bytes);
    samples.push({ id, video: { artifact }, ...describe(eventsOf(scene)) });
    const clip = await store.put(`clips/${id}.clip`, await (options.clip?.(scene, artifact) ?? plainClip()));
    clips.push({ sampleId: id, clip });
  }
  const digest = 'd1'.repeat(32);
  const quarantined = [{ id: 'broken-1', reason: 'the file is <damaged> & cannot be decoded' }];
  const manifest = await store.putJson('data/manifest.json', {
    name: 'shapes-exact-1',
    digest,
    train: samples,
    heldOut: samples,
    quarantined,
  });

  const benchmark = createBenchmarkActivities({ store, home: 'unused' });
  const evaluate = async (step: number): Promise<Evaluation> => {
    const captions = await store.putJson(
      keyOf('captions', { runKey, step, list: 'held-out' }),
      samples.map((sample, i) => {
        const text = spoken(completionOf(scenes[i]!, skillAt(step, steps), ['eval', step]), sample.id);
        return { sampleId: sample.id, text, tokens: 60 + (i % 7), parsed: parseCompletion(text) };
      }),
    );
    const { metrics, details, judge } = await benchmark.scoreBenchmark({
      ...{ runKey, step, suite: 'held-out', captions, manifest },
      judge: { kind: 'rule-based' },
      reward: config.reward,
    });
    const weights = { uri: `store:policy-${step}`, sha256: '0'.repeat(64), bytes: 1 };
    return { step, metrics, captions, details, judge, policy: { model: 'tiny', step, weights } };
  };

  const evaluations: Evaluation[] = [];
  const records: StepRecord[] = [];
  for (let step = 0; step <= steps; step++) {
    const every = Math.max(1, Math.floor(steps / 2));
    const evaluation = step % every === 0 || step === steps ? await evaluate(step) : undefined;
    if (evaluation) evaluations.push(evaluation);
    const trained = step > 0 && config.algorithm.kind === 'grpo' ? await trainedStep(step) : { metrics: {} };
    const evaluated = Object.entries(evaluation?.metrics ?? {}).map(([name, value]) => [`eval/${name}`, value]);
    const record: StepRecord = {
      step,
      time: START + step * 9_000,
      ...trained,
      metrics: { ...trained.metrics, ...Object.fromEntries(evaluated) },
    };
    records.push(record);
    await store.putJson(keyOf('record', { runKey, step }), record);
  }
  const heldOutClips = await store.putJson('clips/lists/held-out.json', clips);
  return { runKey, config, manifest, digest, heldOutClips, evaluations, records, lastStep: steps };

  async function trainedStep(step: number): Promise<Pick<StepRecord, 'metrics' | 'scored'>> {
    const batch = samples.slice(0, 2);
    const groups = batch.map((sample, i) => ({
      sampleId: sample.id,
      completions: Array.from({ length: GROUP_SIZE }, (_, c) => {
        const text = spoken(completionOf(scenes[i]!, skillAt(step, steps), ['rollout', step, c]), sample.id);
        const sampled = { tokenIds: [1, 2, 3], logProbs: [-0.1, -0.2, -0.3], truncated: false };
        return { text, ...sampled, parsed: parseCompletion(text) };
      }),
    }));
    const noise = (name: string) => uniformAt(1, ['noise', name, step]) - 0.5;
    const grid = (name: string): NumberGrid =>
      groups.map((group, g) => group.completions.map((_, c) => uniformAt(1, [name, step, g, c])));
    const skill = skillAt(step, steps);
    const place = { runKey, step, round: 0, part: 0 };
    const verdicts = { judge: { name: 'rule-based', isLlm: false }, components: {} };
    const scored: ScoredRollout = {
      rollout: await store.putJson(keyOf('rollout', place), { step, groups }),
      verdicts: await store.putJson(keyOf('verdicts', place), verdicts),
      scores: { format: grid('format'), think: grid('think'), caption: grid('caption') },
      rewards: grid('reward'),
      advantages: grid('advantage'),
    };
    return {
      scored: await store.putJson(keyOf('scoredRollouts', { runKey, step }), [scored]),
      metrics: {
        'reward/mean': 0.93 + 1.1 * skill + 0.14 * noise('mean'),
        'reward/std': 0.2 - 0.05 * skill,
        'reward/format': Math.min(1, 0.88 + 0.14 * skill + 0.04 * noise('format')),
        'reward/think': 0.3 + 0.45 * skill + 0.12 * noise('think'),
        'reward/caption': 0.2 + 0.5 * skill + 0.16 * noise('caption'),
        'reward/uniformShare': 0.1 + 0.2 * skill,
        'train/kl': 0.02 * skill * step + 0.004 * (noise('kl') + 0.5),
        'train/loss': 0.001 * noise('loss'),
        'train/entropy': 0.42 - 0.12 * skill + 0.03 * noise('entropy'),
        'train/gradNorm': 0.9 + 0.5 * noise('gradNorm'),
        'train/completionLength': 66 + 9 * skill + 3 * noise('length'),
        'time/stepSeconds': 8.7 + noise('time'),
      },
    };
  }
}

function skillAt(step: number, steps: number): number {
  return 0.42 + 0.33 * Math.min(1, step / Math.max(1, steps));
}

/** Tells each event with a chance of `skill`, and some of them with something wrong. */
function completionOf(scene: Scene, skill: number, place: (string | number)[]): string {
  const draw = (what: string, i: number) => uniformAt(7, [...place, scene.index, what, i]);
  const events = eventsOf(scene);
  const told = events
    .filter((_, i) => draw('told', i) < skill || events.length === 1)
    .map((event, i) => (draw('wrong', i) < 0.6 - skill / 2 ? spoilt(event, draw('how', i)) : event));
  const { thought, caption } = describe(told.length > 0 ? told : events.slice(0, 1));
  return structuredCompletion(thought, caption);
}

function spoilt(event: ShapeEvent, draw: number): ShapeEvent {
  if (draw < 0.4) return { ...event, size: event.size === 'small' ? 'large' : 'small' };
  if (draw < 0.7) return { ...event, colour: event.colour === 'white' ? 'red' : 'white' };
  return { ...event, shape: event.shape === 'star' ? 'cross' : 'star' };
}

function plainClip(): Buffer {
  const data = Uint8Array.from({ length: 8 * 28 * 28 * 3 }, (_, i) => (i * 7) % 256);
  const times = Array.from({ length: 8 }, (_, i) => i * 0.375);
  return encodeClip({ shape: [8, 28, 28, 3], times, durationSeconds: 3, data });
}
