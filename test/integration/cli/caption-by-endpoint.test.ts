import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { writeCaption } from '../../../cli/commands/write-caption.ts';
import { loadConfig } from '../../../configs/load-config.ts';
import { refusal } from '../../refusal.ts';
import { contentFilter, unauthorized } from '../../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { seesShapes } from '../../servers/sees-shapes.ts';
import { sceneClip } from '../captioner/scene-clips.ts';

let home: string;
let server: OpenAiServer;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-caption-'));
  server = await startOpenAiServer(seesShapes);
  vi.stubEnv('VIDEOCAP_HOME', home);
  vi.stubEnv('CAPTIONER_KEY', 'sk');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await rm(home, { recursive: true, force: true });
});

async function caption() {
  const engine = { kind: 'openai', baseUrl: server.baseUrl, apiKeyEnv: 'CAPTIONER_KEY' };
  const config = await loadConfig('bench-api', { 'policy.engine': engine, 'policy.model': 'eyes-7b' });
  const { clip } = sceneClip(0);
  return writeCaption({ checkpoint: 'eyes-7b', name: 'bench-api', config, named: true }, 'clip.mp4', clip);
}

test('a video is captioned through an endpoint, and the same one is not paid for again', async () => {
  const written = await caption();
  expect(written).toMatchObject({ text: 'A small red triangle moves up.', truncated: false });
  expect(await caption()).toEqual(written);
  expect(server.requests).toHaveLength(1);
});

test('what the endpoint refuses is said in a sentence that speaks of no run', async () => {
  server.failNext(contentFilter);
  await expect(caption()).rejects.toThrow(
    refusal('InvalidVideo', 'clip.mp4 was not captioned: the endpoint filtered the content'),
  );
  server.failNext(unauthorized);
  const error = await caption().catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ message: expect.stringMatching(/CAPTIONER_KEY \(policy\.engine\.apiKeyEnv\)/) });
  expect((error as Error).message).not.toContain('videocap resume');
});
