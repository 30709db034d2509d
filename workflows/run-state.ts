import { refreshesReference } from '../algorithms/reference-refresh.ts';
import { samplesAhead } from '../algorithms/rollout-lag.ts';
import { type MovingPart, NOTHING_SEEN, type RunIdentity } from '../contracts/run-identity.ts';
import type { RunProgress, RunSnapshot } from '../contracts/run-state.ts';
import type { PartOf, RunStatus } from '../contracts/run-status.ts';
import type { RunAttributes } from '../contracts/search-attributes.ts';
import type { SetAside } from '../contracts/set-aside.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { Identity } from '../core/identity.ts';
import type { StepPlace } from '../core/place.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import type { JudgedBy } from '../judge/judged-by.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import { bestSteps } from './best-checkpoint.ts';
import { NOTHING_WATCHED, watchStep } from './collapse.ts';
import type { Waiting } from './controllable-run.ts';
import { Gate } from './gate.ts';
import type { JudgeGate } from './judge-gate.ts';
import { NOTHING, plus, sumOf } from './judged-run.ts';
import { MeasuredRun } from './measured-run.ts';
import { noteIdentity } from './moving-parts.ts';
import { OneAtATime } from './one-at-a-time.ts';
import { present } from './present.ts';
import { runDetails, type ShownExecution } from './run-details.ts';
import { phaseOf, waitsForPerson } from './run-phase.ts';
import { pauseBecause, stepsBelow } from './scorable-rule.ts';
import type { StepInput, StepOutcome } from './step.ts';
import { trainingStatus } from './training-status.ts';

/**
 * A training run's state with the pure decisions about it: what its next step works on, and what follows from a step.
 */
export class RunState extends MeasuredRun {
  onStage?: () => void;
  /** The execution that plays it, for the links of its page. */
  execution?: ShownExecution;
  /** What its page says of how it was started, if there is something to say. */
  startNote?: string;
  /** Whether its report is in MLflow. */
  reported = false;
  /** The stage that it is in, and the part of its round that the stage works on, where rounds have several. */
  #shown: { stage: string; part?: PartOf | undefined } = { stage: 'starting' };
  /** Where it waits for a person when the numbers of its policy or of an update are not finite. */
  readonly divergence = new Gate('not finite', 'Diverged');
  /** Parts that the engine samples, and updates. */
  readonly #engine = new OneAtATime();
  /** What steps under way have paid their judge, by step: `advance` adds it to the snapshot with the rest of a step. */
  readonly #paid = new Map<number, JudgeSpending>();

  override get stage(): string {
    return this.#shown.stage;
  }

  override set stage(stage: string) {
    this.#show(stage);
  }

  get part(): PartOf | undefined {
    return this.#shown.part;
  }

  protected override get spentSoFar(): JudgeSpending {
    return [...this.#paid.values()].reduce(sumOf, this.snapshot.spent);
  }

  get exportedPolicy(): PolicyRef {
    return this.best ? this.exported.policy : this.policy;
  }

  get policy(): PolicyRef {
    return present(this.snapshot.policy, 'policy');
  }

  get reference(): PolicyRef {
    return present(this.snapshot.reference, 'reference');
  }

  get dataset(): NonNullable<RunSnapshot['dataset']> {
    return present(this.snapshot.dataset, 'dataset');
  }

  get manifest(): ArtifactRef {
    return this.dataset.manifest;
  }

  get heldOutClips(): ArtifactRef {
    return present(this.snapshot.heldOutClips, 'heldOutClips');
  }

  /** Samples that could not be used; absent until the data set is known. */
  get setAside(): SetAside | undefined {
    const { train, heldOut, quarantined } = this.snapshot.dataset ?? {};
    if (train === undefined || heldOut === undefined || quarantined === undefined) return undefined;
    return { samples: quarantined, of: train + heldOut + quarantined };
  }

  /** The last finished step. */
  get place(): StepPlace {
    return { runKey: this.snapshot.runKey, step: this.snapshot.step };
  }

  /** What the step that comes next works on. */
  nextStep(gate: JudgeGate): StepInput {
    const { policy, snapshot } = this;
    return this.#stepInput(snapshot.step + 1, snapshot.rolloutPolicy ?? policy, gate);
  }

  /** What the step after that one works on, as far as it samples: its completions are the present policy's. */
  stepAhead(gate: JudgeGate): StepInput {
    const step = this.snapshot.step + 2;
    const onStage = (stage: string, part?: PartOf) => {
      // Until the run is at this step, and while a benchmark precedes it, it shows what it does besides.
      const isShown = this.snapshot.step + 1 === step && ['rollout', 'scoring'].includes(this.stage);
      if (part && isShown) this.#show(stage, part);
    };
    return { ...this.#stepInput(step, this.policy, gate), onStage };
  }

  #stepInput(step: number, rolloutPolicy: PolicyRef, gate: JudgeGate): StepInput {
    const { runKey, clipsAhead, skippedUpdates = 0 } = this.snapshot;
    return {
      config: this.config,
      place: { runKey, step },
      policy: this.policy,
      rolloutPolicy,
      reference: this.reference,
      dataset: this.dataset,
      clipsAhead,
      keep: bestSteps(this.snapshot.best),
      isLast: (other) => other >= this.totalSteps,
      spent: () => this.spentSoFar,
      judge: () => this.judge,
      gate,
      engine: this.#engine,
      judging: this.judging,
      divergence: this.divergence,
      skippedUpdates,
      onStage: (stage, part) => this.#show(stage, part),
      onIdentity: (part, found) => this.noteIdentity(part, found, step),
      onJudged: (usage) => void this.#paid.set(step, plus(this.#paid.get(step) ?? NOTHING, usage)),
    };
  }

  #show(stage: string, part?: PartOf): void {
    this.#shown = { stage, part };
    this.onStage?.();
  }

  /** Moves on by one optimiser step. */
  advance({ policy, metrics, notFinite, usage, seconds, clipsAhead }: StepOutcome): void {
    const { snapshot } = this;
    snapshot.step += 1;
    if (samplesAhead(this.config.algorithm)) {
      const { optimizer: _, ...rolloutPolicy } = this.policy; // it samples, and is trained no further
      snapshot.rolloutPolicy = rolloutPolicy;
    }
    snapshot.policy = policy;
    if (refreshesReference(snapshot.step, this.config.algorithm)) {
      const { optimizer: _, ...reference } = policy; // it is compared with, and trained no further
      snapshot.reference = reference;
    }
    snapshot.lastMetrics = metrics;
    if (notFinite) snapshot.skippedUpdates = (snapshot.skippedUpdates ?? 0) + 1;
    const { collapse } = this.config;
    // A run that began with an older version has no such section.
    if (collapse && collapse.action !== 'ignore' && metrics['train/completionLength'] !== undefined)
      snapshot.collapse = watchStep(
        snapshot.collapse ?? NOTHING_WATCHED,
        { step: snapshot.step, metrics, groups: this.config.algorithm.samplesPerStep },
        collapse,
      );
    snapshot.secondsPerStep = 0.8 * (snapshot.secondsPerStep ?? seconds) + 0.2 * seconds;
    if (clipsAhead) snapshot.clipsAhead = clipsAhead;
    this.#paid.delete(snapshot.step);
    this.spend(usage);
  }

  /** What the run has been computed and judged with. */
  get identity(): RunIdentity {
    return this.snapshot.identity ?? NOTHING_SEEN;
  }

  /** Takes in with what a stage was done. @param step the step that it belongs to. */
  noteIdentity(part: MovingPart, found: readonly Identity[], step = this.snapshot.step): void {
    if (found.length > 0) this.snapshot.identity = noteIdentity(this.identity, part, step, found);
  }

  /** Takes in who has judged a benchmark. */
  noteBenchmarkJudge({ answeredBy = [] }: JudgedBy): void {
    this.noteIdentity(this.config.benchmark.judge ? 'benchmark.judge' : 'judge', answeredBy);
  }

  /** Counts the steps in a row of which the judge could score too little, and says why the run must pause for it. */
  pauseBecause({ scorable }: Pick<StepOutcome, 'scorable'>): string | undefined {
    const steps = stepsBelow(this.snapshot.stepsBelowScorable ?? 0, scorable, this.judge);
    const because = pauseBecause(steps, scorable, this.judge);
    this.snapshot.stepsBelowScorable = because === undefined ? steps : 0;
    return because;
  }

  override status(waiting: Waiting): RunStatus {
    return trainingStatus(this, this.judgedStatus(this.#stillWaiting(waiting)));
  }

  /** Markdown for the run's page in the Temporal UI. */
  override details(waiting: Waiting): string {
    const { totalSteps, stage, best, end, setAside, part, reported, execution, startNote } = this;
    const now = this.#waitingNow(waiting);
    const spent = this.spentSoFar;
    const shown = { totalSteps, stage, part, waiting: now, best, end, setAside, spent, reported, execution, startNote };
    return runDetails(this.snapshot, shown);
  }

  /** By what Temporal finds it, as far as that changes. */
  override attributes(waiting: Waiting): RunAttributes {
    const { step, lastMetrics, heldOutClips } = this.snapshot;
    const reward = lastMetrics['reward/mean'];
    return {
      phase: phaseOf(this.stage, heldOutClips !== undefined),
      step,
      ...(reward !== undefined && { reward }),
      paused: waitsForPerson(this.#waitingNow(waiting)),
    };
  }

  #waitingNow(waiting: Waiting): Waiting {
    return { ...this.#stillWaiting(waiting), notFinite: this.divergence.sentence };
  }

  /** A run that makes no further step does nothing that was asked of it for after its step. */
  #stillWaiting(waiting: Waiting): Waiting {
    return this.finished || this.end ? { ...waiting, paused: false, asked: undefined } : waiting;
  }

  /** All that another execution needs to continue from here. */
  get progress(): RunProgress {
    const { runKey, dataset, heldOutClips, clipsAhead, tracking, recordedStep, ...progress } = this.snapshot;
    return { ...progress, reference: this.reference, policy: this.policy };
  }
}
