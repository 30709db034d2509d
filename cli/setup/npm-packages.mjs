import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Plain JavaScript without dependencies: this runs in a fresh clone, before there is anything else.

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const OLDEST_NODE = [20, 19];

/**
 * Makes sure that `node_modules` matches `package-lock.json`; runs `npm ci` only if it does not.
 * Ends the process with an error message when Node is too old or npm fails.
 * @returns {number} seconds that took; 0 when there was nothing to do
 */
export function ensureNpmPackages() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]))
    leave(`Node ${process.versions.node} is too old; install Node >= ${OLDEST_NODE.join('.')} (https://nodejs.org).`);
  if (isInstalled()) return 0;
  const start = performance.now();
  process.stderr.write('  npm packages ... ');
  // Inside `npm run` this variable names the current npm; else use the one on PATH.
  const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const { status, error, stdout, stderr } = spawnSync(npm[0], [...npm.slice(1), 'ci', '--no-audit', '--no-fund'], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  if (error) leave(`failed\nnpm cannot be started: ${error.message}. It comes with Node; make sure it is on PATH.`);
  if (status !== 0) leave(`failed\nnpm ci ended with ${status}:\n${stderr}${stdout}`);
  const seconds = (performance.now() - start) / 1000;
  process.stderr.write(`${seconds.toFixed(1)} s\n`);
  return seconds;
}

/** Whether every package of the lock file is installed as locked; those for other platforms may be absent. */
function isInstalled() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true;
    const found = present[path];
    return found ? found.version === version && found.integrity === integrity : optional === true;
  });
}

/** @returns {Record<string, {version?: string, integrity?: string, optional?: boolean}> | undefined} */
function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(`${REPOSITORY}/${file}`, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** @returns {never} */
function leave(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
