import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { configNames, sweepNames } from '../../configs/load-config.ts';
import { readSettingsList } from '../../configs/settings-list.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { alignedTable } from '../output/result-table.ts';
import { settingKeys, settingsLines, settingsOf } from '../output/settings-lines.ts';

export const configsCommand = new Command('configs')
  .summary('list the experiments that ship, and every setting')
  .description(
    'Lists the experiments and sweeps that ship, and the sections of a config; with a section or a key, its settings ' +
      'with values, default and meaning, as in docs/settings.md.',
  )
  .argument('[key]', 'a section, such as algorithm, or a key, such as algorithm.steps')
  .option('--settings', 'list every setting')
  .option('--json', 'print as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap configs', 'what ships'],
      ['videocap configs sampling', 'the settings of a section'],
      ['videocap configs algorithm.optimizer.learningRate', 'one setting, by each algorithm that has it'],
      ['videocap configs --settings', 'all of them'],
    ),
  )
  .action(async (key, { settings, json }) => {
    const groups = await readSettingsList();
    if (key !== undefined || settings) {
      const found = key === undefined ? groups : settingsOf(groups, key);
      if (found.length === 0) throw noSetting(key!, settingKeys(groups));
      return json ? printJson(found) : print(...settingsLines(found, process.stdout.columns));
    }
    const experiments = await described(await configNames());
    const sweeps = await described(await sweepNames());
    const top = [...new Set(settingKeys(groups).map((each) => each.split('.')[0]!))];
    if (json) return printJson({ experiments, sweeps, sections: top });
    print(
      alignedTable(['experiment', ''], Object.entries(experiments), 'left'),
      '',
      alignedTable(['sweep', ''], Object.entries(sweeps), 'left'),
      '',
      `Sections of a config: ${top.join(', ')}.`,
      'Settings of a section: videocap configs algorithm. All: videocap configs --settings',
    );
  });

/** The first sentence above each config. */
async function described(names: readonly string[]): Promise<Record<string, string>> {
  const { repository } = findInstallation();
  const texts = names.map(async (name) => {
    const text = await readFile(join(repository, 'configs', `${name}.yaml`), 'utf8');
    return [name, firstSentence(text)] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** The first sentence of the comment that a file begins with. */
export function firstSentence(yaml: string): string {
  const comment = /^(?:#.*\n)*/.exec(yaml)![0];
  const text = comment
    .replaceAll(/^#[^\S\n]?/gm, '')
    .split('\n\n')[0]!
    .replaceAll('\n', ' ');
  return (/^.*?[.?](?= |$)/.exec(text)?.[0] ?? text).trim();
}

export function noSetting(key: string, keys: readonly string[]): VideocapError {
  const sections = [...new Set(keys.map((each) => each.split('.')[0]!))];
  return new VideocapError(
    'InvalidInput',
    `There is no setting "${key}"${didYouMean(key, [...keys, ...sections])}; list all with: ` +
      'videocap configs --settings',
  );
}
