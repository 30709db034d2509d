import { SingleBar } from 'cli-progress';
import { forkSentence } from '../../contracts/forked-from.ts';
import { waitingSentence } from '../../contracts/judge-waiting.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import { runWarnings } from '../../contracts/run-warnings.ts';
import { setAsideSentence } from '../../contracts/set-aside.ts';
import { barLine } from './bar-line.ts';
import { printableLines } from './print.ts';
import { askedOf, numbersOf, stageAndPart, stageShown } from './status-parts.ts';

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
  return [steps, ...numbersOf(status), stageAndPart(status), askedOf(status)].filter(Boolean).join('   ');
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

/** What is drawn anew on a terminal: a bar, and beside it as much of the status as the line has room for. */
class BarView implements ProgressView {
  readonly #bar: SingleBar;
  readonly #stream: NodeJS.WriteStream;
  readonly #notes = new NewNotes();
  #status: RunStatus | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#bar = new SingleBar({
      format: () => (this.#status ? barLine(this.#status, stream.columns) : ''),
      stream,
      hideCursor: true,
      gracefulExit: false,
    });
  }

  show(status: RunStatus): void {
    const isFirst = this.#status === undefined;
    this.#status = status;
    if (isFirst) this.#bar.start(status.totalSteps, status.step);
    else this.#bar.update(status.step);
    for (const note of this.#notes.of(status)) this.note(note);
  }

  note(text: string): void {
    this.close();
    this.#stream.write(`  ${printableLines(text)}\n`);
  }

  /** Gives the terminal its cursor and its line breaks back. */
  close(): void {
    if (this.#status) this.#bar.stop();
    this.#status = undefined;
  }
}
