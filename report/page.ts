import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Html, html, trusted } from '../core/markup.ts';

const STYLE = readFileSync(new URL('./page.css', import.meta.url), 'utf8');
const SCRIPT = readFileSync(new URL('./page-script.mjs', import.meta.url), 'utf8');

/**
 * The page loads nothing, and runs its own script alone, even if a text got past the escaping. The page of a run that
 * goes on may ask for itself again.
 */
const POLICY = [
  "default-src 'none'",
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  "style-src 'unsafe-inline'",
  'img-src data:',
  'media-src data:',
  "base-uri 'none'",
  "form-action 'none'",
];

interface Page {
  title: string;
  content: Html;
  /** Of what has not ended, in a sentence: where it is served, the page keeps itself up to date. */
  goesOn?: string | undefined;
}

/** A whole page as one file. Pure: the same content gives the same bytes. */
export function page({ title, content, goesOn }: Page): string {
  const policy = [...POLICY, ...(goesOn ? ["connect-src 'self'"] : [])].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main${goesOn && trusted(' data-goes-on')}>
${content}
  <footer id="footer">Made by videocap-r1. ${
    goesOn
      ? html`${goesOn} <span id="refreshed"></span>`
      : 'This file is complete: it loads nothing, and runs nothing but its own script.'
  }</footer>
</main>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.text;
}
