/** Text that a model or a server wrote, for a terminal: control characters, which could steer it, show as a placeholder. */
export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
