/** Letters and digits in a row that are no coincidence: some three words. */
const RUN = 16;
/** Characters of a message that are read. */
const LONGEST = 50_000;

/**
 * A message of an endpoint without what it repeats of the request. A caption may be worded like an error, and it must
 * not decide what an error means. An echo may be cut at both ends, and quoted in any way: only letters and digits are
 * compared.
 * @param asked the texts of the request.
 */
export function withoutEchoes(message: string, asked: readonly string[]): string {
  const whole = asked.filter((text) => text.trim() !== '');
  const rest = whole.reduce((left, text) => left.replaceAll(text, ' '), message.slice(0, LONGEST));
  const known = new Set(whole.flatMap(formsOf).flatMap((text) => runsOf(lettersOf(text))));
  const said = lettersOf(rest);
  const isEcho = new Uint8Array(rest.length);
  for (const [i, run] of runsOf(said).entries())
    if (known.has(run)) isEcho.fill(1, said[i]!.at, said[i + RUN - 1]!.at + 1);
  return Array.from({ length: rest.length }, (_, at) => (isEcho[at] === 1 ? ' ' : rest[at])).join('');
}

/** A text as it is, and as JSON writes it, once or twice: escapes have letters (`\\n`, `\\u00e9`). */
function formsOf(text: string): string[] {
  const quoted = (one: string) => JSON.stringify(one).slice(1, -1);
  return [text, quoted(text), asciiOf(quoted(text))];
}

/** As Python's `json` writes it. */
function asciiOf(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function lettersOf(text: string): { letter: string; at: number }[] {
  return [...text.matchAll(/[\p{L}\p{N}]/gu)].map(({ 0: letter, index }) => ({
    letter: letter.toLowerCase(),
    at: index,
  }));
}

/** Every `RUN` letters that follow each other. */
function runsOf(letters: readonly { letter: string }[]): string[] {
  const text = letters.map(({ letter }) => letter);
  return Array.from({ length: Math.max(0, text.length - RUN + 1) }, (_, i) => text.slice(i, i + RUN).join(''));
}
