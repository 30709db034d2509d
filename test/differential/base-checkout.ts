import { execFile } from 'node:child_process';
import { lstat, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BASE_NAME, BASE_REVISION } from './base-revision.ts';

const run = promisify(execFile);

/**
 * The base revision's files in a git worktree of their own, detached, ready to run. One that is there and unchanged is
 * used again, so that what base keeps of its translated sources is too.
 *
 * It lies inside the checkout, in `.videocap`, which git ignores: so it finds the checkout's packages in the folder
 * above its own, as Node looks for them. (Not inside `node_modules`: TypeScript that lies there is not translated.)
 */
export async function checkOutBase(repository: string): Promise<string> {
  const folder = join(repository, '.videocap', 'differential', `base-${BASE_NAME}`);
  const git = async (...args: string[]) => (await run('git', ['-C', repository, ...args])).stdout.trim();
  if (!(await isUnchanged(folder))) {
    await rm(folder, { recursive: true, force: true });
    await git('worktree', 'prune');
    await git('cat-file', '-e', `${BASE_REVISION}^{commit}`).catch(() => {
      throw new Error(`This clone has no revision ${BASE_NAME}; fetch its history: git fetch --unshallow`);
    });
    await mkdir(dirname(folder), { recursive: true });
    // Twice: git knows a worktree whose folder a user removed by hand until its removal is forced.
    await git('worktree', 'add', '--quiet', '--force', '--force', '--detach', folder, BASE_REVISION);
  }
  await linkTo(join(folder, '.venv'), join(repository, '.venv'));
  if (!(await samePackages(repository, folder))) await installPackages(folder);
  return folder;
}

/** A worktree of the base revision, in which no file that git knows was changed. */
async function isUnchanged(folder: string): Promise<boolean> {
  const git = async (...args: string[]) => (await run('git', ['-C', folder, ...args])).stdout.trim();
  try {
    // Else git would answer for the checkout around the folder.
    await lstat(join(folder, '.git'));
    return (
      (await git('rev-parse', 'HEAD')) === BASE_REVISION &&
      (await git('status', '--porcelain', '--untracked-files=no')) === ''
    );
  } catch {
    return false;
  }
}

async function linkTo(link: string, target: string): Promise<void> {
  await rm(link, { recursive: true, force: true });
  await symlink(target, link);
}

/** Do both revisions lock the same packages? What else their lock files say, such as our own name, changes nothing. */
async function samePackages(repository: string, folder: string): Promise<boolean> {
  const [ours, theirs] = await Promise.all([repository, folder].map(lockedPackages));
  return ours === theirs;
}

async function lockedPackages(folder: string): Promise<string> {
  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string; integrity?: string }>;
  };
  const locked = Object.entries(packages).flatMap(([path, { version, integrity }]) =>
    path === '' ? [] : [`${path} ${version} ${integrity}`],
  );
  return locked.sort().join('\n');
}

/** Gives base the packages that it locks, by its own means; a moment when they are there. */
async function installPackages(folder: string): Promise<void> {
  const program = "import { ensureNpmPackages } from './cli/setup/npm-packages.mjs'; ensureNpmPackages()";
  await run(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, maxBuffer: 64 << 20 });
}
