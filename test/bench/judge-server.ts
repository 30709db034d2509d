import { readsWords, startOpenAiServer } from '../servers/openai-server.ts';

/**
 * The scripted endpoint as a process of its own, so that it takes no computing time from the client. Sends its parent
 * the address.
 */
const server = await startOpenAiServer(readsWords, { latencyMilliseconds: Number(process.argv[2]) });
process.send!(server.baseUrl);
process.on('message', () => process.send!(server.account()));
process.once('disconnect', () => process.exit());
