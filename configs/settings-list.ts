import { readFile } from 'node:fs/promises';

/** Settings that are valid together: of a section, or of one of its kinds. Texts are Markdown. */
export interface SettingsGroup {
  /** `` `algorithm`, `kind: grpo` ``. */
  title: string;
  /** Absent where another group has it. */
  meaning?: string;
  rows: { key: string; meaning: string; values: string; fallback: string }[];
}

/** Every setting of a config: `settings.json`, which `npm run settings` writes from the schema. */
export async function readSettingsList(): Promise<SettingsGroup[]> {
  return JSON.parse(await readFile(new URL('settings.json', import.meta.url), 'utf8')) as SettingsGroup[];
}
