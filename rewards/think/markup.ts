/** Layers of marks that are taken away; a phrase of a caption has one or two. */
const MOST_LAYERS = 8;
/** The marks of a list in front of its entry. Before a number a dash or a plus may be its sign, and stays. */
const BULLET = /^(?:[•·‣▪◦●]\s*|\*\s+|(?:[-+]+\s*|\d{1,2}[.)]\s+)(?=["'*`_(]*\p{L}))/u;
const LAST_DASH = /\s-+$/;
const PAIRS: Readonly<Record<string, string>> = { '"': '"', "'": "'", '`': '`', '*': '*', _: '_', '(': ')', '[': ']' };
/** Emphasis and quotation marks within a phrase. Beside digits they may mean something else: `2**3`, `5"`. */
const INNER = /(?<!\d)(?:\*\*|`|")|(?:\*\*|`)(?!\d)/g;

/** Marks that are written in several ways: `it’s` -> `it's`, `“x”` -> `"x"`, `—` -> `-`. */
export function plainMarks(text: string): string {
  return text
    .replace(/[‘’‛ʼ]/g, "'")
    .replace(/[“”„‟«»]/g, '"')
    .replace(/[−‐‑‒–—]/g, '-');
}

/**
 * A phrase without what only sets it: the mark of a list, quotation marks and brackets around it, emphasis, and what
 * `ends` finds. `- **brown**` -> `brown`. The sign of a number stays.
 */
export function withoutMarkup(phrase: string, ends: RegExp): string {
  let rest = phrase.replace(ends, '');
  for (let layer = 0; layer < MOST_LAYERS; layer++) {
    const before = rest;
    rest = rest.replace(BULLET, '').replace(LAST_DASH, '');
    if (rest.length > 2 && PAIRS[rest[0]!] === rest.at(-1) && isOnePair(rest)) rest = rest.slice(1, -1);
    rest = rest.replace(INNER, '').replace(ends, '');
    if (rest === before) break;
  }
  return rest;
}

/** Whether the first and the last mark belong together: not in `(a) b (c)`. */
function isOnePair(phrase: string): boolean {
  const inner = phrase.slice(1, -1);
  return /^[*`_]/.test(phrase) || !(inner.includes(phrase[0]!) || inner.includes(phrase.at(-1)!));
}
