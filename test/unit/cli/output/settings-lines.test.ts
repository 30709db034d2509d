import { describe, expect, it } from 'vitest';
import { firstSentence } from '../../../../cli/commands/configs.ts';
import { settingKeys, settingsLines, settingsOf } from '../../../../cli/output/settings-lines.ts';
import { readSettingsList } from '../../../../configs/settings-list.ts';

const GROUPS = await readSettingsList();

describe('settings for a terminal', () => {
  it('have the whole key, the range, the default and the meaning, within the columns', () => {
    const lines = settingsLines(settingsOf(GROUPS, 'sampling.groupSize'), 60);
    expect(lines).toContain('  sampling.groupSize   integer, from 2 to 256   (default 8)');
    expect(lines).toContain('      Completions per sample (G).');
    expect(settingsLines(GROUPS, 80).filter((line) => line.length > 80)).toEqual([]);
    expect(settingsLines(GROUPS, 0)).toEqual(settingsLines(GROUPS));
  });

  it('are those of a section, of a key, or of a key in every kind that has it', () => {
    expect(settingKeys(settingsOf(GROUPS, 'collapse'))).toContain('collapse.action');
    expect(settingKeys(settingsOf(GROUPS, 'checkpoints.best'))).toContain('checkpoints.best.patience');
    expect(new Set(settingKeys(settingsOf(GROUPS, 'algorithm.beta')))).toEqual(new Set(['algorithm.beta']));
    expect(settingsOf(GROUPS, 'algorithm.beta').length).toBeGreaterThan(1);
    expect(settingKeys(settingsOf(GROUPS, 'seed'))).toEqual(['seed']);
    expect(settingsOf(GROUPS, 'nothing')).toEqual([]);
  });
});

it('firstSentence: what a config is, from the comment above it', () => {
  expect(firstSentence('# GRPO on\n# the small world (configs/a.ts). More.\n#\n# Other.\nname: x\n')).toBe(
    'GRPO on the small world (configs/a.ts).',
  );
});
