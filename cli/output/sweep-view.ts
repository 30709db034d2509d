import type { RunStatus } from '../../contracts/run-status.ts';
import type { SweepStatus } from '../../contracts/sweep-status.ts';
import { printableLines } from './print.ts';
import type { ProgressView } from './progress-view.ts';
import { progressLine, statusNotes } from './progress-view.ts';

/** Of a terminal that does not say how large it is, or says 0. */
const [COLUMNS, ROWS] = [80, 24];

/** A run of a sweep that is under way. */
export interface RunUnderWay {
  /** The workflow's id. */
  run: string;
  /** `grpo · few · seed 1`. */
  name: string;
  status: RunStatus;
}

/** A sweep with the progress of its runs that are under way. */
export type WatchedSweep = RunStatus & { sweep?: SweepStatus; running?: RunUnderWay[] };

/** What a user should know of the runs under way. A run that waits for a user holds up those after it. */
export function sweepNotes({ running = [] }: WatchedSweep): string[] {
  return running.flatMap(({ run, name, status }) => {
    const { blocked, died, differs, notFinite } = status;
    const waits = [blocked, died, differs, notFinite].some((why) => why !== undefined);
    return [
      ...statusNotes(status).map((note) => `${name}: ${note}`),
      ...(waits ? [`${name}: keeps its place among the runs at a time until then: videocap resume ${run}`] : []),
    ];
  });
}

/** `7/41 runs: 5 finished, 1 failed, 1 running`. */
export function sweepLine({ step, totalSteps, stage, sweep }: WatchedSweep): string {
  const states = (sweep?.arms ?? []).flatMap(({ runs }) => runs.map(({ state }) => state));
  const counts = [...new Set(states)].map((state) => `${states.filter((each) => each === state).length} ${state}`);
  const after = stage === 'runs' || stage === 'starting' ? '' : `   ${stage}`;
  return `${step}/${totalSteps} runs: ${counts.join(', ') || stage}${after}`;
}

/** The runs under way, a line each, below the line of the sweep; what would scroll away cannot be drawn again. */
function block(status: WatchedSweep, rows: number): string[] {
  const running = status.running ?? [];
  const room = Math.max(1, rows - 2);
  const shown = running.length > room ? running.slice(0, room - 1) : running;
  const rest = running.length - shown.length;
  return [
    sweepLine(status),
    ...shown.map((run) => `  ${run.name}   ${progressLine(run.status)}`),
    ...(rest > 0 ? [`  and ${rest} more: videocap status`] : []),
  ];
}

/** Shows all arms: a block that is drawn again on a terminal, else a line for every change. On standard error. */
export function createSweepView(stream: NodeJS.WriteStream = process.stderr): ProgressView {
  const write = (lines: readonly string[]) => stream.write(lines.map((line) => `${printableLines(line)}\n`).join(''));
  let drawn = 0;
  let last = '';
  const shown = new Set<string>();
  const erase = () => {
    if (drawn > 0) stream.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  return {
    show(status: WatchedSweep) {
      const fresh = sweepNotes(status).filter((note) => !shown.has(note));
      for (const note of fresh) shown.add(note);
      if (stream.isTTY) {
        erase();
        write(fresh.map((note) => `  ${note}`));
        const lines = block(status, stream.rows || ROWS).map((line) =>
          line.slice(0, Math.max(20, (stream.columns || COLUMNS) - 1)),
        );
        write(lines);
        drawn = lines.length;
        return;
      }
      const now = sweepLine(status);
      if (now !== last) write([`  ${now}`]);
      last = now;
      write(fresh.map((note) => `  ${note}`));
    },
    note(text) {
      erase();
      write([`  ${text}`]);
    },
    close() {
      drawn = 0;
    },
  };
}
