import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RankAnswers } from '../../../../policy/torch/rank-answers.ts';
import { refusal } from '../../../refusal.ts';

let server: Server;
let ranks: Socket;
let answers: RankAnswers;
beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ranks = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  answers = new RankAnswers(socket);
});
afterEach(() => {
  ranks.destroy();
  server.close();
});

const say = (...messages: object[]) => ranks.write(messages.map((one) => `${JSON.stringify(one)}\n`).join(''));
const file = (path: string) => ({ path, sha256: 'ab' });
const files = { weights: file('/f/weights'), optimizer: file('/f/optimizer') };

test('files that are written beside come between answers, before or after they are asked for', async () => {
  say({ written: { folder: '/f', ...files } }, { progress: { done: 1, total: 2, what: 'gradients' } }, { result: 7 });
  const later = answers.filesIn('/g');
  expect(await answers.next()).toEqual({ progress: { done: 1, total: 2, what: 'gradients' } });
  expect(await answers.next()).toEqual({ result: 7 });
  expect(await answers.filesIn('/f')).toEqual(files);
  say({ written: { folder: '/g', failed: 'OSError: No space left on device' } });
  await expect(later).rejects.toThrow(refusal('Unavailable', 'No space left on device'));
});

test('a connection that is reset is an end like another', async () => {
  const awaited = answers.next();
  ranks.resetAndDestroy();
  expect(await awaited).toBeUndefined();
});

test('ranks that end give what they said before, and no more', async () => {
  const [asked, awaited] = [answers.filesIn('/f'), answers.next()];
  ranks.end(`${JSON.stringify({ result: 7 })}\n`);
  expect(await awaited).toEqual({ result: 7 });
  expect(await answers.next()).toBeUndefined();
  await expect(asked).rejects.toThrow(refusal('Unavailable', 'files'));
  await expect(answers.filesIn('/g')).rejects.toThrow(refusal('Unavailable', 'files'));
});
