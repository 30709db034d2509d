// `npm test`: installs what is missing, runs every test, and ends with a line that any harness can read.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureNpmPackages } from '../cli/setup/npm-packages.mjs';
import { temporaryFolder } from './temporary-folder.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const node = (args) => spawnSync(process.execPath, args, { cwd: repository, stdio: 'inherit' }).status ?? 1;

ensureNpmPackages();
if (node(['cli/videocap.mjs', 'setup', '--local-judge', '--engine-stub']) !== 0) process.exit(1);

const folder = temporaryFolder();
process.env.TMPDIR = folder;
// Vitest ends by it, and the folder is still to be removed.
process.on('SIGINT', () => undefined);
const results = join(folder, 'results.json');
const status = node([
  'node_modules/vitest/vitest.mjs',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}`,
  ...process.argv.slice(2),
]);
const { passed, failed } = count(results);
rmSync(folder, { recursive: true, force: true });
if (passed + failed === 0) process.stderr.write('No test ran.\n');
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(status !== 0 || failed > 0 || passed === 0 ? 1 : 0);

/** A test file that does not even load counts as one failure; so does a skipped test, since none may be. */
function count(path) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
    return { passed: numPassedTests, failed: numFailedTests + numPendingTests + numTodoTests + unloaded.length };
  } catch {
    return { passed: 0, failed: 0 };
  }
}
