/** Prints a command's result for scripts: one line of JSON on standard output, and nothing else there. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Prints a command's result for people. */
export function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Examples below a command's `--help`: what it does, as it is typed. */
export function examples(...pairs: readonly (readonly [command: string, meaning: string])[]): string {
  const width = Math.max(...pairs.map(([command]) => command.length));
  return ['', 'Examples:', ...pairs.map(([command, meaning]) => `  ${command.padEnd(width)}   ${meaning}`)].join('\n');
}

/**
 * Text that a model or a server wrote, for a terminal: control characters, which could steer it, show as a placeholder.
 */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
