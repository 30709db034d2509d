#!/usr/bin/env node
// The bin: lets Node run the TypeScript sources, then hands over to them.
import { loadTypeScript } from '../core/load-typescript.mjs';

await loadTypeScript(new URL('./main.ts', import.meta.url));
