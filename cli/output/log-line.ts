/** Pino's numbers. */
const LEVELS: Readonly<Record<number, string>> = {
  ...{ 10: 'TRACE', 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' },
};
/** What a person looks for in a line: what was done, for which run, where. */
const SHOWN = ['activityType', 'attempt', 'workflowId', 'taskQueue'] as const;

/**
 * A line of a service's log for people: the workers' JSON as time, level, message, the run and the activity it is
 * about, and the error's message; any other line as it is.
 */
export function logLine(line: string): string {
  const entry = entryOf(line);
  if (!entry) return line;
  const { time, level, msg, err } = entry;
  const about = SHOWN.flatMap((name) => (entry[name] === undefined ? [] : [nameOf(name, entry[name])]));
  const message = (err as { message?: unknown } | undefined)?.message;
  return [
    new Date(Number(time)).toISOString().slice(0, 19).replace('T', ' '),
    (LEVELS[Number(level)] ?? '').padEnd(5),
    `${firstLine(msg)}${about.length > 0 ? ` (${about.join(', ')})` : ''}`,
    ...(message === undefined ? [] : [`- ${firstLine(message)}`]),
  ].join(' ');
}

/** Whether a line is about a run: the workers write the workflow's id into each that is. */
export function isAbout(line: string, workflowId: string): boolean {
  return entryOf(line)?.workflowId === workflowId;
}

function entryOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    return Number.isFinite(entry.time) && entry.msg !== undefined ? entry : undefined;
  } catch {
    return undefined; // cut off, or another program's
  }
}

function nameOf(name: (typeof SHOWN)[number], value: unknown): string {
  if (name === 'attempt') return `attempt ${value}`;
  return name === 'taskQueue' ? `queue ${value}` : String(value);
}

function firstLine(text: unknown): string {
  return String(text).split('\n')[0]!;
}
