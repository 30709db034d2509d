/** A Markdown table. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${heads.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** Words in lines of at most 120 characters, as the documentation has them. */
export function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= 120) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}

/** A page in which one section, from its heading to the next, is another one; added at the end where it is new. */
export function withSection(page: string, title: string, body: string): string {
  const heading = `## ${title}\n`;
  const text = `${heading}${body.trim()}\n`;
  const from = page.indexOf(`\n${heading}`);
  if (from < 0) return `${page.trimEnd()}\n\n${text}`;
  const next = page.indexOf('\n## ', from + 1);
  const rest = next < 0 ? '' : page.slice(next);
  return `${page.slice(0, from + 1)}${text}${rest}`;
}
