import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * The browser of `npm run test:browser`: the one that VIDEOCAP_CHROMIUM names, or the first on PATH.
 * @throws VideocapError `MissingTool` with the remedy.
 */
export function findChromium(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.VIDEOCAP_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new VideocapError('MissingTool', `VIDEOCAP_CHROMIUM names ${named}, which does not exist; correct it.`);
  }
  const folders = (env.PATH ?? '').split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new VideocapError(
    'MissingTool',
    'The browser tests need Chromium, which is not on PATH. On Debian: apt-get install chromium, or ' +
      'npm run test:browser -- --install, which does that as root; elsewhere set VIDEOCAP_CHROMIUM to its path.',
  );
}

/**
 * Installs Debian's Chromium.
 * @throws VideocapError `MissingTool` where this user or this system cannot.
 */
export function installChromium(): void {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) throw new VideocapError('MissingTool', 'Only root can install Chromium: sudo apt-get install chromium.');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '--yes', '--no-install-recommends', 'chromium']]) {
    const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0)
      throw new VideocapError('MissingTool', `apt-get ${args.join(' ')} failed; set VIDEOCAP_CHROMIUM instead.`);
  }
}
