/** A checkpoint of another run, as `policy.model` and commands name it. */
export interface RunCheckpoint {
  /** The run's key in the store, or the id of its workflow. */
  run: string;
  /** Absent: the run's last step. */
  step?: number;
}

const PREFIX = 'run:';
const FORM = /^run:([A-Za-z0-9_][A-Za-z0-9._-]*)(?:@(\d{1,9}))?$/;

/** `run:RUN@STEP` or `run:RUN`; `undefined` for the name or folder of a model. */
export function parseRunCheckpoint(model: string): RunCheckpoint | undefined {
  const [, run, step] = FORM.exec(model) ?? [];
  if (run === undefined) return undefined;
  return { run, ...(step !== undefined && { step: Number(step) }) };
}

/** The other way round. */
export function runCheckpoint({ run, step }: Required<RunCheckpoint>): string {
  return `${PREFIX}${run}@${step}`;
}

/** Whether a text begins like a checkpoint of a run, but does not name one. */
export function isBrokenRunCheckpoint(model: string): boolean {
  return model.startsWith(PREFIX) && parseRunCheckpoint(model) === undefined;
}
