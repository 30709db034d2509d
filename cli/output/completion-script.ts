import type { Completions } from './completion-words.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A script for a shell. It holds every word, so that pressing Tab starts no program. */
export function completionScript(shell: Shell, words: Completions): string {
  switch (shell) {
    case 'bash':
      return bash(words);
    case 'zsh':
      // zsh runs completions of bash, and shows the same words.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(words)}`;
    case 'fish':
      return fish(words);
  }
}

function bash(words: Completions): string {
  const cases = Object.entries(words).map(
    ([path, each]) => `    ${quoted(path)}) words=${quoted(each.map(({ word }) => word).join(' '))} ;;`,
  );
  return [
    '_videocap() {',
    `  local current="\${COMP_WORDS[COMP_CWORD]}" path="" words="" i`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    case "\${path:+$path }\${COMP_WORDS[i]}" in`,
    `      ${Object.keys(words).filter(Boolean).map(quoted).join('|')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  # A path, where no word fits.',
    `  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi`,
    '}',
    'complete -o filenames -F _videocap videocap',
  ].join('\n');
}

function fish(words: Completions): string {
  return Object.entries(words)
    .flatMap(([path, each]) => each.map(({ word, meaning }) => fishLine(path, word, meaning)))
    .join('\n');
}

function fishLine(path: string, word: string, meaning: string): string {
  const names = path.split(' ').filter(Boolean);
  const condition =
    names.length === 0
      ? '__fish_use_subcommand'
      : names.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ');
  const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${quoted(word)}`;
  return `complete -c videocap -n ${quoted(condition)} ${what} -d ${quoted(meaning)}`;
}

/** For each of the three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
