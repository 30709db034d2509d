import { SingleBar } from 'cli-progress';
import { forkSentence } from '../../contracts/forked-from.ts';
import { waitingSentence } from '../../contracts/judge-waiting.ts';
import { partSentence, type RunStatus } from '../../contracts/run-status.ts';
import { runWarnings } from '../../contracts/run-warnings.ts';
import { setAsideSentence } from '../../contracts/set-aside.ts';
import { duration } from '../../core/duration.ts';
import { printable, printableLines } from './print.ts';

/** Shows a run's status as it changes. */
export interface ProgressView {
  show(status: RunStatus): void;
  /** Says something besides, such as that a worker was started again. */
  note(text: string): void;
  close(): void;
}

/** A bar where a person watches a terminal, else (or for work without steps) lines. Both on standard error. */
export function createProgressView({ steps = true } = {}, stream: NodeJS.WriteStream = process.stderr): ProgressView {
  return steps && stream.isTTY
    ? new BarView(stream)
    : new LineView((line) => stream.write(`${printableLines(line)}\n`));
}

/**
 * `step 12/40   reward 1.93   KL 0.0120   4.1 s/step   ETA 1 min 56 s`, and the stage where it is not one of a step's.
 */
export function progressLine(status: RunStatus): string {
  const { step, totalSteps } = status;
  const steps = totalSteps === 0 ? '' : `step ${step}/${totalSteps}`;
  return [steps, ...numbers(status), stageAndPart(status), askedOf(status)].filter(Boolean).join('   ');
}

/** What a user should know of a run besides its numbers, a sentence each, in the order in which it came up. */
export function statusNotes(status: RunStatus): string[] {
  const { forkedFrom, setAside, waiting, alsoWaiting = [], blocked, notFinite, died, differs } = status;
  const unusable = setAsideSentence(setAside);
  return [
    ...(forkedFrom?.sameBenchmark === undefined ? [] : [`Forked from ${forkSentence(forkedFrom)}.`]),
    ...(unusable === undefined ? [] : [`${unusable}.`]),
    ...runWarnings(status).map((sentence) => `WARNING: ${sentence}.`),
    ...(waiting ? [waiting, ...alsoWaiting].map(waitingSentence) : []),
    ...(blocked === undefined ? [] : [blocked]),
    ...(notFinite === undefined ? [] : [notFinite]),
    ...(died === undefined ? [] : [died]),
    ...(differs === undefined ? [] : [differs]),
  ];
}

function askedOf({ asked }: RunStatus): string {
  if (asked === undefined) return '';
  return asked === 'stop' ? 'stops after this step' : 'pauses after this step';
}

/** Stages that every step goes through are not worth a line each, once the first step has shown them. */
const IN_STEP = new Set(['frames', 'rollout', 'scoring', 'update']);

function stageShown({ step, stage }: RunStatus): string {
  return step > 0 && IN_STEP.has(stage) ? '' : stage;
}

/** `rollout, part 2 of 4`: rounds that have parts take long enough to be worth it in every step. */
function stageAndPart(status: RunStatus): string {
  const { stage, part } = status;
  return part ? `${stage}, ${partSentence(part)}` : stageShown(status);
}

/** Without rewards, the loss shows how the training goes. */
function numbers(status: RunStatus): string[] {
  const { loss, rewardMean, kl, secondsPerStep, etaSeconds, step, totalSteps, skippedUpdates } = status;
  return [
    ...(loss === undefined || rewardMean !== undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(rewardMean === undefined ? [] : [`reward ${rewardMean.toFixed(2)}`]),
    ...(kl === undefined ? [] : [`KL ${kl.toFixed(4)}`]),
    ...(skippedUpdates === undefined ? [] : [`${skippedUpdates} update${skippedUpdates === 1 ? '' : 's'} skipped`]),
    ...(secondsPerStep === undefined ? [] : [`${secondsPerStep.toFixed(1)} s/step`]),
    ...(etaSeconds === undefined || step >= totalSteps ? [] : [`ETA ${duration(etaSeconds)}`]),
  ];
}

/** Of the notes on a run, those that are new: each is shown once, and again only if it was gone meanwhile. */
class NewNotes {
  #shown: readonly string[] = [];

  of(status: RunStatus): string[] {
    const notes = statusNotes(status);
    const fresh = notes.filter((note) => !this.#shown.includes(note));
    this.#shown = notes;
    return fresh;
  }
}

/** A line whenever the step changes, or a stage that is not part of a step begins. */
export class LineView implements ProgressView {
  readonly #write: (line: string) => void;
  readonly #notes = new NewNotes();
  #last = '';

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  show(status: RunStatus): void {
    const { step, blocked, died, differs, asked } = status;
    const now = [step, stageShown(status), blocked, died, differs, asked].join(' ');
    if (now !== this.#last) this.#write(`  ${progressLine(status)}`);
    this.#last = now;
    for (const note of this.#notes.of(status)) this.note(note);
  }

  note(text: string): void {
    this.#write(`  ${text}`);
  }

  close(): void {}
}

class BarView implements ProgressView {
  readonly #bar: SingleBar;
  readonly #stream: NodeJS.WriteStream;
  readonly #notes = new NewNotes();
  #started = false;

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
    const stage = printable(status.part ? stageAndPart(status) : status.stage).padEnd(9);
    const payload = { stage, numbers: [...numbers(status), askedOf(status)].join('  ') };
    if (this.#started) this.#bar.update(status.step, payload);
    else this.#bar.start(status.totalSteps, status.step, payload);
    this.#started = true;
    for (const note of this.#notes.of(status)) this.note(note);
  }

  note(text: string): void {
    this.close();
    this.#stream.write(`  ${printableLines(text)}\n`);
  }

  close(): void {
    if (this.#started) this.#bar.stop();
    this.#started = false;
  }
}
