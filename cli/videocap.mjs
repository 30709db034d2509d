#!/usr/bin/env node
// The bin: lets Node run the TypeScript sources, then hands over to them.
import { register } from 'tsx/esm/api';

register();
await import('./main.ts');
