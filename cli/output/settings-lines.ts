import type { SettingsGroup } from '../../configs/settings-list.ts';

/** Of a terminal that does not say how wide it is, or says 0, and of a file. */
const COLUMNS = 100;
const INDENT = 6;

/**
 * Settings for a terminal: under each section its keys, a line with values and default, and what they mean. Keys are
 * whole, so that they can be copied into `--set`.
 */
export function settingsLines(groups: readonly SettingsGroup[], width?: number): string[] {
  const columns = width || COLUMNS;
  return groups.flatMap(({ title, meaning, rows }) => {
    const prefix = sectionOf(title);
    return [
      plain(title),
      ...(meaning ? wrapped(plain(meaning), columns, 2) : []),
      ...rows.flatMap(({ key, meaning, values, fallback }) => [
        ...wrapped(`${prefix}${key}   ${plain(values)}   ${defaultText(fallback)}`, columns, 2),
        ...wrapped(plain(meaning), columns, INDENT),
      ]),
      '',
    ];
  });
}

/** The groups that a word is about: a section, such as `algorithm`, a key or the beginning of one. */
export function settingsOf(groups: readonly SettingsGroup[], word: string): SettingsGroup[] {
  return groups.flatMap((group) => {
    const prefix = sectionOf(group.title);
    if (prefix === `${word}.` || prefix.startsWith(`${word}.`)) return [group];
    const rows = group.rows.filter(({ key }) => isBelow(`${prefix}${key}`, word));
    return rows.length > 0 ? [{ ...group, rows }] : [];
  });
}

/** Every key, for suggestions. */
export function settingKeys(groups: readonly SettingsGroup[]): string[] {
  return groups.flatMap(({ title, rows }) => rows.map(({ key }) => `${sectionOf(title)}${key}`));
}

/** `algorithm.` of `` `algorithm`, `kind: grpo` ``; nothing of the experiment's own fields. */
function sectionOf(title: string): string {
  const [, section] = /^`([^`]+)`/.exec(title) ?? [];
  return section === undefined ? '' : `${section}.`;
}

function isBelow(key: string, word: string): boolean {
  return key === word || key.startsWith(`${word}.`) || key.startsWith(`${word}[]`);
}

function defaultText(fallback: string): string {
  if (fallback === '**required**') return '(required)';
  const text = plain(fallback);
  return text === '' || text === 'none' ? '(no default)' : `(default ${text})`;
}

/** Markdown as text. */
function plain(markdown: string): string {
  return markdown.replaceAll('`', '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
}

/** A text as lines of at most so many characters; words are not divided. */
function wrapped(text: string, columns: number, indent: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((each) => ' '.repeat(indent) + each);
}
