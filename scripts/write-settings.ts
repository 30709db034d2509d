import { writeFile } from 'node:fs/promises';
import { settingsPage } from './settings/settings-page.ts';

/** `npm run settings`: writes `docs/settings.md`. */
await writeFile(new URL('../docs/settings.md', import.meta.url), settingsPage());
