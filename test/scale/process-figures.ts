import { readdir, readFile } from 'node:fs/promises';

/** What a process and its children use. */
export interface ProcessFigures {
  /** Memory that would be free without them: pages that several share are counted once. */
  bytes: number;
  /** Of processor time since they began. */
  seconds: number;
}

/** Of a second: Linux counts processor time in these. */
const TICKS = 100;

/** Of processes of this Linux machine, each with its children, by the names given to them. */
export async function processFigures<K extends string>(
  roots: Readonly<Record<K, readonly number[]>>,
): Promise<Record<K, ProcessFigures>> {
  const parents = await parentOfEach();
  const family = (root: number): number[] => [
    root,
    ...[...parents].filter(([, parent]) => parent === root).flatMap(([id]) => family(id)),
  ];
  const entries = Object.entries<readonly number[]>(roots).map(async ([name, ids]) => {
    const each = await Promise.all(ids.flatMap(family).map(figuresOf));
    const total = (of: keyof ProcessFigures) => each.reduce((sum, one) => sum + one[of], 0);
    return [name, { bytes: total('bytes'), seconds: total('seconds') }] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<K, ProcessFigures>;
}

/** Seconds of processor time that all processes of the machine have used since it began. */
export async function machineSeconds(): Promise<number> {
  const [first] = (await readFile('/proc/stat', 'utf8')).split('\n');
  const [user, nice, system, , , irq, softirq] = first!.trim().split(/\s+/).slice(1).map(Number);
  return (user! + nice! + system! + irq! + softirq!) / TICKS;
}

async function parentOfEach(): Promise<Map<number, number>> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const entries = await Promise.all(ids.map(async (id) => [id, Number((await statOf(id))[1])] as const));
  return new Map(entries);
}

/** A process that has ended meanwhile uses nothing. */
async function figuresOf(id: number): Promise<ProcessFigures> {
  const [stat, memory] = await Promise.all([statOf(id), readFile(`/proc/${id}/smaps_rollup`, 'utf8').catch(() => '')]);
  const [, shared] = /^Pss:\s+(\d+)/m.exec(memory) ?? [];
  return { bytes: 1024 * Number(shared ?? 0), seconds: (Number(stat[11] ?? 0) + Number(stat[12] ?? 0)) / TICKS };
}

/** The fields of `/proc/<id>/stat` behind the name: state, parent, and so on; its name may have spaces. */
async function statOf(id: number): Promise<string[]> {
  const text = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
