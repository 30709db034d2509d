#!/usr/bin/env node
// The bin: of a checkout, whose TypeScript Node has to be taught to read, or of the published package, which has
// JavaScript.
import { existsSync } from 'node:fs';

const source = new URL('./main.ts', import.meta.url);
if (existsSync(source)) {
  const { loadTypeScript } = await import('../core/load-typescript.mjs');
  await loadTypeScript(source);
} else {
  process.setSourceMapsEnabled(true);
  await import(new URL('../dist/cli/main.js', import.meta.url));
}
