import { startGuardedProxy } from './guarded-proxy.ts';

/** The Temporal UI's address for people, as a process: `temporal-ui.ts <port> <address of the UI itself>`. */
const [port, target] = process.argv.slice(2);
await startGuardedProxy({ title: 'The Temporal UI', port: Number(port), target: target! });
