import { coloured, takesColours } from './colours.ts';

/**
 * The only place that writes to a terminal, beside the progress bar. Much of what a command prints was written by
 * others: names in a file, a model's words, a server's errors. Such text can hold escape sequences that move the
 * cursor, rewrite what stands above, or set the clipboard.
 */

/** Prints a command's result for scripts: one line of JSON on standard output, and nothing else there. */
export function printJson(value: unknown): void {
  // JSON escapes the control characters below U+0020; terminals obey those from U+007F on, too.
  const json = JSON.stringify(value).replaceAll(STEERING, (character) => `\\u${hex(character)}`);
  process.stdout.write(`${json}\n`);
}

/** Prints a command's result for people. */
export function print(...lines: readonly string[]): void {
  write(process.stdout, `${printableLines(lines.join('\n'))}\n`);
}

/** Prints what is not a result, such as a note or an error, on standard error: scripts parse standard output. */
export function printNote(text: string): void {
  write(process.stderr, printableLines(text));
}

function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(takesColours(stream) ? coloured(text) : text);
}

/** Examples below a command's `--help`: what it does, as it is typed. */
export function examples(...pairs: readonly (readonly [command: string, meaning: string])[]): string {
  const width = Math.max(...pairs.map(([command]) => command.length));
  return ['', 'Examples:', ...pairs.map(([command, meaning]) => `  ${command.padEnd(width)}   ${meaning}`)].join('\n');
}

/** Text that others wrote as part of one line: what could steer a terminal shows as a placeholder. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, PLACEHOLDER).replaceAll(STEERING, PLACEHOLDER);
}

/** `printable`, of several lines. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join('\n');
}

const PLACEHOLDER = '\u{fffd}';
/** Control characters that JSON leaves as they are, and those that turn the direction of writing around. */
const STEERING = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const hex = (character: string) => character.charCodeAt(0).toString(16).padStart(4, '0');
