/** A text no longer than `length` characters; what is cut ends in `…`, and not in half of a character. */
export function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
