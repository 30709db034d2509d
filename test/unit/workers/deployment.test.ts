import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deploymentSettings, ownBuildId, ownVersion, versioned } from '../../../workers/deployment.ts';
import { SOURCES } from '../../../workers/workflow-bundle.ts';

const NAME = { TEMPORAL_DEPLOYMENT_NAME: 'videocap' };

it('a worker has no version unless its deployment is named', () => {
  for (const env of [{}, { TEMPORAL_DEPLOYMENT_NAME: '' }, { TEMPORAL_WORKER_BUILD_ID: '7' }])
    expect(deploymentSettings(env)).toBeUndefined();
  expect(versioned(undefined)).toEqual({});
});

it('its build is the one that is named, or that of its code', async () => {
  const named = deploymentSettings({ ...NAME, TEMPORAL_WORKER_BUILD_ID: '1.4.0' })!;
  expect(await ownVersion(named)).toEqual({ deploymentName: 'videocap', buildId: '1.4.0' });
  const { buildId } = await ownVersion(deploymentSettings(NAME)!);
  expect(buildId).toBe(await ownBuildId());
  expect(buildId).toMatch(/^\d+\.\d+\.\d+-[0-9a-f]{12}$/);
});

it.each([
  [
    { TEMPORAL_DEPLOYMENT_NAME: 'video.cap' },
    'TEMPORAL_DEPLOYMENT_NAME is "video.cap"; set it to a name such as videocap; letters, digits, "-" and "_".',
  ],
  [
    { ...NAME, TEMPORAL_WORKER_BUILD_ID: 'a:b' },
    'TEMPORAL_WORKER_BUILD_ID is "a:b"; set it to a name such as 1.4.0; letters, digits, ".-_".',
  ],
])('refuses names that Temporal does not take: %j', (env, message) => {
  expect(() => deploymentSettings(env)).toThrow(expect.objectContaining({ code: 'InvalidConfig', message }));
});

it('a build id changes with any code of either language, and with nothing else', async () => {
  const checkout = await mkdtemp(join(tmpdir(), 'videocap-build-'));
  try {
    await Promise.all(SOURCES.map((name) => mkdir(join(checkout, name, 'deep'), { recursive: true })));
    const write = (name: string, text: string) => writeFile(join(checkout, name), text);
    await write('package.json', '{"version":"1.2.3"}');
    await write('package-lock.json', '{}');
    const ids = [await ownBuildId(checkout)];
    await write('core/deep/notes.md', 'no code');
    expect(await ownBuildId(checkout)).toBe(ids[0]);
    for (const name of ['workers/deep/a.py', 'core/a.ts', 'core/a.mjs', 'configs/a.yaml', 'workers/a.lock']) {
      await write(name, 'x');
      ids.push(await ownBuildId(checkout));
    }
    expect(new Set(ids).size).toBe(6);
    expect(ids[0]).toMatch(/^1\.2\.3-/);
  } finally {
    await rm(checkout, { recursive: true, force: true });
  }
});
