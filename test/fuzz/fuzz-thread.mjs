// A thread is started by Node itself, which reads TypeScript only with tsx's help.
import { register } from 'tsx/esm/api';

register();
await import('./fuzz-thread.ts');
