/** Terminal codes of SGR, which `printable` would show as placeholders: they are added after it. */
const CODES = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2 } as const;
type Colour = keyof typeof CODES;

/** What a reader looks for, and its colour. Between words of a table are at least two blanks. */
const RULES: readonly (readonly [pattern: RegExp, colour: Colour])[] = [
  [/^ *-{3,}(?: +-{3,})* *$/gm, 'dim'],
  [/^ *WARNING: .*$/gm, 'yellow'],
  [/(?<= {2})(?:failed|terminated|timed_out)(?= {2}|$)/gm, 'red'],
  [/(?<= {2})(?:paused|waits for you)(?= {2}|$)/gm, 'yellow'],
  [/(?<= {2})completed(?= {2}|$)/gm, 'green'],
  [/(?<= {2})running(?= {2}|$)/gm, 'cyan'],
];

/** A command's text with colours, for a terminal. Without the codes it is the same text. */
export function coloured(text: string): string {
  return RULES.reduce((rest, [pattern, colour]) => rest.replaceAll(pattern, (found) => painted(found, colour)), text);
}

/** Whether a stream gets colours: a terminal that shows them, unless `NO_COLOR` is set (no-color.org). */
export function takesColours(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

function painted(text: string, colour: Colour): string {
  return `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}
