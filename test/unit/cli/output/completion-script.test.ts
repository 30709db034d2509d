import { execFileSync } from 'node:child_process';
import { Argument, Command } from '@commander-js/extra-typings';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../../../cli/output/completion-script.ts';
import { wordsOf } from '../../../../cli/output/completion-words.ts';

const COMMANDS = [
  new Command('run').summary('start it').argument('<config>', 'x').option('--set <key=value>', "a field's value"),
  new Command('bench').addArgument(new Argument('[suite]', 'x').choices(['dream1k', 'vdc'])),
  new Command('judge').addCommand(new Command('check').option('--json', 'as JSON')),
];
const WORDS = wordsOf(COMMANDS, { config: ['quickstart', 'sft'] });

/** What bash offers for a line whose last word is being typed. */
function offered(...line: string[]): string[] {
  const script = [
    completionScript('bash', WORDS),
    `COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}`,
    `_videocap; printf "%s\\n" "\${COMPREPLY[@]}"`,
  ].join('\n');
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', cwd: '/' })
    .split('\n')
    .filter(Boolean)
    .sort();
}

describe('completionScript', () => {
  it('offers commands, configs, choices and options in bash, by what stands before', () => {
    expect(offered('videocap', '')).toEqual(['bench', 'judge', 'run']);
    expect(offered('videocap', 'r')).toEqual(['run']);
    expect(offered('videocap', 'run', 'q')).toEqual(['quickstart']);
    expect(offered('videocap', 'run', 'sft', '--')).toEqual(['--set']);
    expect(offered('videocap', 'bench', '')).toEqual(['dream1k', 'vdc']);
    expect(offered('videocap', 'judge', 'check', '--j')).toEqual(['--json']);
  });

  it('is one for zsh, which runs that of bash, and one a line for fish', () => {
    expect(completionScript('zsh', WORDS)).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n_videocap/);
    const lines = completionScript('fish', WORDS).split('\n');
    expect(lines).toContain(`complete -c videocap -n '__fish_use_subcommand' -a 'run' -d 'start it'`);
    expect(lines).toContain(
      `complete -c videocap -n '__fish_seen_subcommand_from run' -l set -d 'a field'\\''s value'`,
    );
  });
});
