// Node 20 reads no TypeScript, and a thread starts without its parent's loader: this brings one.
import { register } from 'tsx/esm/api';

register();
await import('./engine-thread.ts');
