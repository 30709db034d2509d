/** Characters. */
const MAX_SHOWN = 40;

/** A value of a dataset file for use in a sentence: as JSON, shortened where it is long. */
export function shownValue(value: unknown): string {
  try {
    return shortened(JSON.stringify(value) ?? String(value));
  } catch {
    return Array.isArray(value) ? 'a list without end' : 'an object without end';
  }
}

export function shortened(text: string, length = MAX_SHOWN): string {
  return text.length <= length ? text : `${text.slice(0, length)}...`;
}
