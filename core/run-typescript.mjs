// `node core/run-typescript.mjs <file.ts> [arguments]` runs a TypeScript file, which Node 20 cannot do by itself.
import { loadTypeScript } from './load-typescript.mjs';

process.argv.splice(1, 1);
await loadTypeScript(process.argv[1] ?? '');
