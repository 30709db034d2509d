import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** What may follow each command, by its words: `''`, `run`, `judge check`. */
export type Completions = Readonly<Record<string, readonly { word: string; meaning: string }[]>>;

/** @param named what an argument of a name may be. */
export function wordsOf(
  commands: readonly CommandUnknownOpts[],
  named: Readonly<Record<string, readonly string[]>>,
  path = '',
): Completions {
  const own = commands.map((command) => ({ word: command.name(), meaning: command.summary() }));
  const below = commands.map((command) => {
    const at = [path, command.name()].filter(Boolean).join(' ');
    const options = command.options
      .filter(({ hidden }) => !hidden)
      .map(({ long, description }) => ({ word: long!, meaning: description }));
    const values = command.registeredArguments.flatMap((argument) =>
      (argument.argChoices ?? named[argument.name()] ?? []).map((word) => ({ word, meaning: argument.name() })),
    );
    return { [at]: [...values, ...options], ...(command.commands.length > 0 && wordsOf(command.commands, named, at)) };
  });
  const inner = Object.assign({}, ...below) as Completions;
  return { ...inner, [path]: [...(inner[path] ?? []), ...own] };
}
