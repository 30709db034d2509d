/**
 * What keeps a text from being JSON, as the rest of a sentence about it: `is no JSON from character 12 on`. The
 * parser's message quotes the text, which may be that of any file of the machine, since runs name files: only the place
 * is kept.
 */
export function jsonFault({ message }: SyntaxError): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? 'is no JSON' : `is no JSON from character ${Number(position) + 1} on`;
}
