import { clipped } from './clipped.ts';

/**
 * HTML that is safe by construction: whatever is put into a template is escaped, unless it is `Html` itself. Model
 * output is hostile text, and so is what a dataset says.
 */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type Renderable = Html | string | number | undefined | false | readonly Renderable[];

/** A template: ``html`<p>${text}</p>` ``. Values are escaped, lists joined, `undefined` and `false` are nothing. */
export function html(strings: TemplateStringsArray, ...values: Renderable[]): Html {
  return new Html(strings.reduce((text, string, i) => text + rendered(values[i - 1]) + string));
}

/** Markup that comes from this project or its libraries, never from a model, a dataset or a config. */
export function trusted(text: string): Html {
  return new Html(text);
}

function rendered(value: Renderable): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(rendered).join('');
  return escaped(visible(String(value)));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter]!);
}

/** Control characters and those that reorder text around them become visible; unpaired surrogates, U+FFFD. */
function visible(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd').replaceAll(INVISIBLE, (letter) => {
    const code = letter.codePointAt(0)!;
    return code < 0x20
      ? String.fromCodePoint(0x2400 + code)
      : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

const INVISIBLE = /(?![\t\n\r])[\p{Control}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** The start of a text that is too long to show, and how much is missing. */
export function shortened(text: string, length = 600): string {
  if (text.length <= length) return text;
  const shown = clipped(text, length);
  return `${shown} (${text.length + 1 - shown.length} more characters)`;
}

/** A link to a page of its own, where the address is one that a browser may be sent to; else only its text. */
export function link(address: string, text: string): Html {
  return /^https?:\/\//i.test(address)
    ? html`<a href="${address}" target="_blank" rel="noopener noreferrer">${text}</a>`
    : html`${text}`;
}
