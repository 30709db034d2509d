import type { Machine } from './machine.ts';
import type { FailedRow, Measured, PeerResult, RowResult } from './result.ts';
import type { Unit } from './row.ts';

/** All that `npm run bench` has measured, as `docs/benchmarks.json` keeps it. */
export interface BenchReport {
  /** Of the last row, ISO 8601. */
  measured: string;
  machine: Machine;
  rows: ReportedRow[];
}

/** A row, and the load of the machine when the command began that measured it. */
export type ReportedRow = (RowResult | FailedRow) & { load: number };

const HEAD = [
  '| row | this project | peer | times as fast | floor | of the floor | goal |',
  '|---|---|---|---|---|---|---|',
];
/** A machine on which other programs compute besides. */
const BUSY = 0.5;
const COLUMNS = 120;

/** The page `docs/benchmarks.md`. */
export function markdownOf(report: BenchReport): string {
  const played = report.rows.filter((row): row is RowResult & { load: number } => 'own' in row);
  const paragraphs = [
    '# Benchmarks of speed',
    '`npm run bench` measures this table and writes this page. Every row is the same work by this project and by a ' +
      'peer, on one machine: medians of repeats in turns, after one that does not count. "Times as fast" is the ' +
      'median of the ratios of neighbouring repeats. The floor is what the arithmetic, the copies or the waits of ' +
      'the work take by themselves on this machine, and "of the floor" the share of it that this project reaches.',
    aboutMachine(report.machine, report.measured),
    ...busyParagraph(report),
    [...HEAD, ...report.rows.flatMap(linesOf)].join('\n'),
    '## What each row does',
    played.map(aboutRow).join('\n'),
  ];
  return `${paragraphs.map(wrapped).join('\n\n')}\n`;
}

function aboutMachine({ processor, cores, memoryGigabytes, system, versions }: Machine, when: string): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `Measured until ${when.slice(0, 10)} on ${cores} cores of ${processor}, ${memoryGigabytes} GB, ${system}, with ` +
    `${named.join(', ')}.`
  );
}

function busyParagraph({ rows, machine: { cores } }: BenchReport): string[] {
  const busy = rows.filter(({ load }) => load >= BUSY);
  if (busy.length === 0) return [];
  const most = Math.max(...busy.map(({ load }) => load));
  return [
    `**Other programs computed beside ${busy.length} of these rows (a load of up to ${most.toFixed(0)} on ${cores} ` +
      'cores): their numbers mean nothing, and have no ratios. They show that the rows run.**',
  ];
}

/** The table alone, for a terminal. */
export function tableOf(rows: readonly ReportedRow[]): string {
  return [...HEAD, ...rows.flatMap(linesOf)].join('\n');
}

/** What was measured beside other programs has no ratios, and meets no goal. */
function linesOf(row: ReportedRow): string[] {
  if ('failed' in row) return [`| ${row.title} | failed: ${cell(row.failed)} | | | | | |`];
  const { title, unit, own, peers, floor, floorShare, load } = row;
  const busy = load >= BUSY;
  const ownFloor = floor && ('value' in floor ? number(floor.value, unit) : `not measured: ${cell(floor.missing)}`);
  const share = floorShare === undefined || busy ? '' : `${(100 * floorShare).toFixed(0)} %`;
  const goals = row.goals.map(({ text, met }) => `${text}${met === undefined || busy ? '' : verdictOf(met)}`);
  const [first, ...others] = peers.length > 0 ? peers.map((peer) => peerCells(peer, unit, busy)) : ['none | '];
  return [
    `| ${title} | ${number(own.median, unit)} | ${first} | ${ownFloor ?? ''} | ${share} | ${goals.join('; ')} |`,
    ...others.map((cells) => `| | | ${cells} | | | |`),
  ];
}

function verdictOf(met: boolean): string {
  return met ? ': met' : ': **not met**';
}

function peerCells(peer: PeerResult, unit: Unit, busy: boolean): string {
  if ('missing' in peer) return `${peer.name}: not measured (${cell(peer.missing)}) | `;
  return `${peer.name}: ${number(peer.median, unit)} | ${busy ? '' : `${peer.ratio.toFixed(2)}x`}`;
}

/** With three digits at least. */
function number(value: number, unit: Unit): string {
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-3))));
  return `${unit === 'activities' ? value : value.toFixed(digits)} ${unit}`;
}

/** One line, without the sign that ends a cell. */
function cell(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '/').slice(0, 200);
}

function aboutRow({ title, work, floor, notes, own, peers, unit }: RowResult): string {
  const spread = (name: string, { values }: Measured) =>
    `${name} ${number(Math.min(...values), unit)} to ${number(Math.max(...values), unit)}`;
  const sides = [
    spread('this project', own),
    ...peers.flatMap((peer) => ('missing' in peer ? [] : [spread(peer.name, peer)])),
  ];
  const ofFloor = floor && 'value' in floor ? ` The floor: ${floor.of}.` : '';
  const about = [`${work}${ofFloor}`, ...notes].join(' ');
  return `- **${title}.** ${about} ${counted(own.values.length)}: ${sides.join('; ')}.`;
}

function counted(repeats: number): string {
  return repeats === 1 ? 'One repeat' : `${repeats} repeats`;
}

/** Lines of at most 120 columns; tables stay as they are. */
function wrapped(paragraph: string): string {
  return paragraph
    .split('\n')
    .map((line) => (line.startsWith('|') ? line : wrappedLine(line)))
    .join('\n');
}

function wrappedLine(line: string): string {
  const indent = line.startsWith('- ') ? '  ' : '';
  const lines: string[] = [];
  for (const word of line.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(last === undefined ? word : `${indent}${word}`);
  }
  return lines.join('\n');
}
