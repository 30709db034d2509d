/**
 * The way out of a trap: a key that is exported in a terminal does not reach workers that run. The commands that start
 * them with it, where a run waits for a variable of their environment; nothing else.
 * @param reason why the run waits.
 */
export function keyTrap(reason: string, run: string): string[] {
  const [, variable] = /environment variable ([A-Za-z_][A-Za-z0-9_]*)/.exec(reason) ?? [];
  if (variable === undefined) return [];
  return [
    `Workers that run do not see what you export here. Start them again with ${variable}:`,
    `  export ${variable}=...`,
    '  videocap down && videocap up',
    `  videocap resume ${run}`,
  ];
}
