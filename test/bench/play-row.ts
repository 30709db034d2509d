import { type RowResult, resultOf, type Values } from './result.ts';
import type { MissingSide, OpenRow, Row, Side } from './row.ts';

/**
 * Plays a row: each side once for what is slow the first time, then `repeats` times in turns. Every second turn begins
 * with the last side, so that no side always follows the same one.
 */
export async function playRow(row: Row, repeats: number, say: (text: string) => void): Promise<RowResult> {
  const begun = performance.now();
  const open = await row.open();
  try {
    const { sides, missing } = await warmedUp(row, open, say);
    const values: Values = { own: [], peers: new Map(sides.slice(1).map(({ name }) => [name, []])) };
    for (let turn = 1; turn <= repeats; turn++)
      for (const side of orderOf(sides, turn)) {
        const value = await side.run();
        say(`${row.name}: ${turn} of ${repeats}: ${side.name}: ${value.toPrecision(4)}`);
        (side === sides[0] ? values.own : values.peers.get(side.name)!).push(value);
      }
    const floor = typeof open.floor === 'function' ? open.floor() : open.floor;
    const notes = open.notes?.() ?? [];
    const seconds = (performance.now() - begun) / 1000;
    return resultOf(row, values, missing, { ...(floor && { floor }), notes, seconds });
  } finally {
    await open.close();
  }
}

/** The sides, this project first, each after its first run. A peer that fails in that is missing. */
async function warmedUp(row: Row, open: OpenRow, say: (text: string) => void) {
  const own: Side = { name: 'this project', run: open.own };
  const missing = open.peers.filter((peer): peer is MissingSide => 'missing' in peer);
  const sides: Side[] = [];
  for (const side of [own, ...open.peers.filter((peer): peer is Side => 'run' in peer)])
    try {
      say(`${row.name}: warm-up: ${side.name}: ${(await side.run()).toPrecision(4)}`);
      sides.push(side);
    } catch (error) {
      if (side === own) throw error;
      missing.push({ name: side.name, missing: (error as Error).message });
    }
  for (const { name, missing: reason } of missing) say(`${row.name}: ${name} is not measured: ${reason}`);
  return { sides, missing };
}

function orderOf(sides: readonly Side[], turn: number): Side[] {
  const own = sides.filter(({ derived }) => !derived);
  return [...(turn % 2 === 0 ? own : own.toReversed()), ...sides.filter(({ derived }) => derived)];
}
