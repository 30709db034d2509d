import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** A running process (no zombies), as the operating system lists it. */
export interface Process {
  pid: number;
  group: number;
  /** Its start time, as the system prints it; only for comparison. */
  started: string;
}

/** All running processes: from `/proc` where there is one, so that no `ps` is needed there; else from `ps`. */
export function listProcesses(): Process[] {
  if (process.platform !== 'linux') return parsePs(execFileSync('ps', PS_ARGUMENTS, { encoding: 'utf8' }));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
}

/** One running process, or `undefined`. */
export function readProcess(pid: number): Process | undefined {
  try {
    if (process.platform === 'linux') return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return parsePs(execFileSync('ps', [...PS_ARGUMENTS.slice(1), '-p', String(pid)], { encoding: 'utf8' }))[0];
  } catch {
    return undefined;
  }
}

/** `/proc/<pid>/stat`. Field numbers are those of proc(5), less the two before the state. */
export function parseStat(text: string): Process | undefined {
  // The command's name, in parentheses, may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return {
    pid: Number.parseInt(text, 10),
    group: Number(fields[2]),
    started: fields[19]!,
  };
}

const PS_ARGUMENTS = ['-A', '-o', 'pid=,pgid=,stat=,lstart='];

/** Lines of `ps` with the columns above. */
export function parsePs(text: string): Process[] {
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length > 3 && !columns[2]!.startsWith('Z'))
    .map(([pid, group, , ...started]) => ({ pid: Number(pid), group: Number(group), started: started.join(' ') }));
}
