import type { RunStatus } from '../../contracts/run-status.ts';
import { printable } from './print.ts';
import { askedOf, etaOf, metricsOf, stageAndPart } from './status-parts.ts';

const WIDEST_BAR = 24;
const NARROWEST_BAR = 8;
/** Of a terminal that does not say how wide it is, or says 0. */
const COLUMNS = 80;

/**
 * A run's line with a bar, for a terminal of so many columns, of which the last stays empty. What a narrow one has no
 * room for is left out, the least important first; then the bar becomes shorter.
 */
export function barLine(status: RunStatus, columns = COLUMNS): string {
  const { step, totalSteps } = status;
  const room = (columns || COLUMNS) - 1;
  // Before the config is known, there are no steps to count.
  if (totalSteps === 0) return `  ${printable(stageAndPart(status) || status.stage)}`.slice(0, room);
  const count = `${step}/${totalSteps}`;
  const stage = printable(status.part ? stageAndPart(status) : status.stage.padEnd(9));
  const ends = [...etaOf(status), askedOf(status)];
  const parts = (some: readonly string[]) => [count, stage, ...some, ...ends].filter(Boolean).join('  ');
  let shown = metricsOf(status);
  while (shown.length > 0 && 2 + NARROWEST_BAR + 1 + parts(shown).length > room) shown = shown.slice(0, -1);
  const text = parts(shown);
  const width = Math.min(WIDEST_BAR, Math.max(NARROWEST_BAR, room - 3 - text.length));
  const done = Math.round((width * Math.min(step, totalSteps)) / totalSteps);
  return `  ${'█'.repeat(done)}${'░'.repeat(width - done)} ${text}`.slice(0, room);
}
