import { SingleBar } from 'cli-progress';
import { waitingSentence } from '../../contracts/judge-waiting.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { duration } from './duration.ts';

/** Shows a run's status as it changes. */
export interface ProgressView {
  show(status: RunStatus): void;
  /** Says something besides, such as that a worker was started again. */
  note(text: string): void;
  close(): void;
}

/** A bar where a person watches a terminal, else (or for work without steps) lines. Both on standard error. */
export function createProgressView({ steps = true } = {}, stream: NodeJS.WriteStream = process.stderr): ProgressView {
  return steps && stream.isTTY ? new BarView(stream) : new LineView((line) => stream.write(`${line}\n`));
}

/**
 * `step 12/40   reward 1.93   KL 0.0120   4.1 s/step   ETA 1 min 56 s`, and the stage where it is not one of a step's.
 */
export function progressLine(status: RunStatus): string {
  const { step, totalSteps } = status;
  const steps = totalSteps === 0 ? '' : `step ${step}/${totalSteps}`;
  return [steps, ...numbers(status), stageShown(status)].filter(Boolean).join('   ');
}

/** Stages that every step goes through are not worth a line each, once the first step has shown them. */
const IN_STEP = new Set(['frames', 'rollout', 'scoring', 'update']);

function stageShown({ step, stage }: RunStatus): string {
  return step > 0 && IN_STEP.has(stage) ? '' : stage;
}

function numbers({ rewardMean, kl, secondsPerStep, etaSeconds, step, totalSteps }: RunStatus): string[] {
  return [
    ...(rewardMean === undefined ? [] : [`reward ${rewardMean.toFixed(2)}`]),
    ...(kl === undefined ? [] : [`KL ${kl.toFixed(4)}`]),
    ...(secondsPerStep === undefined ? [] : [`${secondsPerStep.toFixed(1)} s/step`]),
    ...(etaSeconds === undefined || step >= totalSteps ? [] : [`ETA ${duration(etaSeconds)}`]),
  ];
}

function whatIsWaitedFor({ waiting, blocked }: RunStatus): string[] {
  return [...(waiting ? [waitingSentence(waiting)] : []), ...(blocked ? [blocked] : [])];
}

/** A line whenever the step changes, or a stage that is not part of a step begins. */
export class LineView implements ProgressView {
  readonly #write: (line: string) => void;
  #last = '';

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  show(status: RunStatus): void {
    const now = `${status.step} ${stageShown(status)} ${status.blocked} ${status.waiting?.why}`;
    if (now === this.#last) return;
    this.#last = now;
    this.#write(`  ${progressLine(status)}`);
    for (const line of whatIsWaitedFor(status)) this.#write(`  ${line}`);
  }

  note(text: string): void {
    this.#write(`  ${text}`);
  }

  close(): void {}
}

class BarView implements ProgressView {
  readonly #bar: SingleBar;
  readonly #stream: NodeJS.WriteStream;
  #started = false;
  #waiting = '';

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#bar = new SingleBar({
      format: '  {bar} {value}/{total}  {stage}  {numbers}',
      stream,
      barsize: 24,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      gracefulExit: false,
    });
  }

  show(status: RunStatus): void {
    const payload = { stage: status.stage.padEnd(9), numbers: numbers(status).join('  ') };
    if (this.#started) this.#bar.update(status.step, payload);
    else this.#bar.start(status.totalSteps, status.step, payload);
    this.#started = true;
    const waiting = whatIsWaitedFor(status);
    if (waiting.join() !== this.#waiting) for (const line of waiting) this.note(line);
    this.#waiting = waiting.join();
  }

  note(text: string): void {
    this.close();
    this.#stream.write(`  ${text}\n`);
  }

  close(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}
