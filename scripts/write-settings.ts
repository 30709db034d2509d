import { writeFile } from 'node:fs/promises';
import { settingsFile, settingsGroups, settingsPage } from './settings/settings-page.ts';

/** `npm run settings`: writes `docs/settings.md`, and the same for `videocap configs`. */
const groups = settingsGroups();
await writeFile(new URL('../docs/settings.md', import.meta.url), settingsPage(groups));
await writeFile(new URL('../configs/settings.json', import.meta.url), settingsFile(groups));
