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
    const { sides, missing } = sidesOf(open);
    const values: Values = { own: [], peers: new Map(sides.slice(1).map(({ name }) => [name, []])) };
    for (let turn = 0; turn <= repeats; turn++)
      for (const side of orderOf(sides, turn)) {
        const value = await side.run();
        say(`${row.name}: ${turn === 0 ? 'warm-up' : `${turn} of ${repeats}`}: ${side.name}: ${value.toPrecision(4)}`);
        if (turn > 0) (side === sides[0] ? values.own : values.peers.get(side.name)!).push(value);
      }
    const floor = typeof open.floor === 'function' ? open.floor() : open.floor;
    const notes = open.notes?.() ?? [];
    const seconds = (performance.now() - begun) / 1000;
    return resultOf(row, values, missing, { ...(floor && { floor }), notes, seconds });
  } finally {
    await open.close();
  }
}

function orderOf(sides: readonly Side[], turn: number): Side[] {
  const own = sides.filter(({ derived }) => !derived);
  return [...(turn % 2 === 0 ? own : own.toReversed()), ...sides.filter(({ derived }) => derived)];
}

/** The first is this project. */
function sidesOf({ own, peers }: OpenRow): { sides: Side[]; missing: MissingSide[] } {
  const there = peers.filter((peer): peer is Side => 'run' in peer);
  const missing = peers.filter((peer): peer is MissingSide => 'missing' in peer);
  return { sides: [{ name: 'this project', run: own }, ...there], missing };
}
