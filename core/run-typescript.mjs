// `node core/run-typescript.mjs <file.ts> [arguments]`: runs the file as if Node could.
import { loadTypeScript } from './load-typescript.mjs';

process.argv.splice(1, 1);
await loadTypeScript(process.argv[1] ?? '');
