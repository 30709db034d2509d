// Node 20 reads no TypeScript, and a thread starts without its parent's loader.
import { loadTypeScript } from '../../core/load-typescript.mjs';

await loadTypeScript(new URL('./sentence-embedding-thread.ts', import.meta.url));
