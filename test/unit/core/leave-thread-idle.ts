import { ThreadClient } from '../../../core/thread-client.ts';
import type { ScriptedApi } from './scripted-thread.ts';

/** Makes one call and ends, without closing the thread. */
const script = new URL('./scripted-thread.ts', import.meta.url);
const client = new ThreadClient<ScriptedApi>({ script, name: 'The scripted thread' });
console.log(await client.call('say', 'a'));
