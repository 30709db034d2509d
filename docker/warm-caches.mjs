// Fills node_modules/.cache, which a read-only container cannot: the translated programs and the bundled workflows.
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadTypeScript, translate } from '../core/load-typescript.mjs';

const root = new URL('../', import.meta.url);
const cache = fileURLToPath(new URL('node_modules/.cache/videocap/', root));
const threads = [];
for (const folder of ['core', 'judge', 'policy', 'rewards', 'video'])
  for (const name of await readdir(new URL(folder, root), { recursive: true }))
    if (name.endsWith('-thread.ts')) threads.push(`${folder}/${name}`);
for (const entry of ['workers/local.ts', 'cli/main.ts', ...threads])
  await translate(fileURLToPath(new URL(entry, root)), cache);
const { workflowBundle } = await loadTypeScript(new URL('workers/workflow-bundle.ts', root));
await workflowBundle(console);
