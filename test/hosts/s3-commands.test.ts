import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { suiteFiles } from '../../cli/run/suite-files.ts';
import type { SuiteEvaluation } from '../../contracts/run-results.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { parseStoreUrl } from '../../core/s3/store-url.ts';
import { keyOf } from '../../core/store-layout.ts';
import { naming } from '../refusal.ts';
import { openedBucket, temporaryFolder } from './opened-bucket.ts';
import { KEYS, PROGRAMS, S3Server } from './s3-server.ts';

Object.assign(process.env, KEYS);

let folder: string;
let server: S3Server;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-s3-'));
  server = new S3Server(PROGRAMS[0], folder);
  await server.start();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server?.kill();
  await rm(folder, { recursive: true, force: true });
});

it("a suite's files are objects of the bucket, or copies in a folder", async () => {
  const { url, handle } = await openedBucket(server.endpoint);
  const store = new ArtifactStore(await handle());
  const evaluation = {
    ...{ suite: 'dream-1k', report: await store.put('a/report.md', '# Report') },
    ...{ drillDown: await store.put('a/items.md', '# Items'), result: await store.putJson('a/result.json', { f1: 1 }) },
  } as unknown as SuiteEvaluation;
  vi.stubEnv('VIDEOCAP_STORE', url);
  const home = await temporaryFolder();
  const { bucket, prefix } = parseStoreUrl(url);
  expect((await suiteFiles(evaluation, home)).report).toBe(`s3://${bucket}/${prefix}${evaluation.report.uri.slice(6)}`);
  const out = join(home, 'out');
  const files = await suiteFiles(evaluation, home, out);
  const texts = await Promise.all([files.report, files.items, files.result].map((path) => readFile(path, 'utf8')));
  expect(texts.map((text) => text.trim())).toEqual(['# Report', '# Items', '{"f1":1}']);
  expect(files.result).toBe(join(out, 'dream-1k-result.json'));
});

it('videocap compare looks for runs in the bucket', async () => {
  const { url, handle } = await openedBucket(server.endpoint);
  const storage = await handle();
  for (const runKey of ['sft-00000000', 'sft-ffffffff'])
    await storage.putRef(keyOf('progress', { runKey, step: 0 }), '', { ifAbsent: true });
  const env = { ...process.env, VIDEOCAP_STORE: url, VIDEOCAP_HOME: await temporaryFolder() };
  const said = await new Promise((resolve) => {
    execFile(process.execPath, ['cli/videocap.mjs', 'compare', 'sft', 'other'], { env }, (_, _out, err) =>
      resolve(err),
    );
  });
  expect(said).toEqual(naming('sft', 'sft-00000000', 'sft-ffffffff'));
});
