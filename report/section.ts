import { type Html, html } from '../core/markup.ts';
import { sha256 } from '../core/sha256.ts';

/**
 * A part of a page under a heading that links can lead to. A page that is made anew replaces the sections whose
 * `data-hash` has changed, and leaves the others as they are.
 */
export function section(id: string, title: string, content: Html): Html {
  const hash = sha256(`${title}\n${content.text}`).slice(0, 16);
  return html`<section aria-labelledby="${id}" data-hash="${hash}"><h2 id="${id}">${title}</h2>${content}</section>`;
}
