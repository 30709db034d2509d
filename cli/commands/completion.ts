import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { completionScript, SHELLS } from '../output/completion-script.ts';
import { wordsOf } from '../output/completion-words.ts';
import { examples, print } from '../output/print.ts';

/** @param all gives every command: what a word can be completed to. */
export function completionCommandOf(all: () => Promise<readonly CommandUnknownOpts[]>) {
  return new Command('completion')
    .summary('print a script that completes commands in a shell')
    .description(
      'Prints a script for bash, zsh or fish that completes commands, options, their values, and the names of the ' +
        'configs that ship. It starts no program when you press Tab.',
    )
    .addArgument(new Argument('<shell>', 'the shell that is to complete').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        ['source <(videocap completion bash)', 'in ~/.bashrc'],
        ['source <(videocap completion zsh)', 'in ~/.zshrc, after compinit'],
        ['videocap completion fish > ~/.config/fish/completions/videocap.fish', 'once'],
      ),
    )
    .action(async (shell) => {
      const { configNames, sweepNames } = await import('../../configs/load-config.ts');
      const words = { config: await configNames(), sweep: await sweepNames() };
      print(completionScript(shell, wordsOf(await all(), words)));
    });
}
