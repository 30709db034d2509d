import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { findInstallation } from '../../cli/installation.ts';
import { Report } from '../../cli/setup/report.ts';
import { setUp } from '../../cli/setup/setup.ts';
import { hostPrograms } from './host-programs.ts';

/**
 * `npm run test:hosts [-- --short | FILE...]`: workers on several hosts, and the store in buckets of real S3 servers.
 * Needs Linux, Python, Go, the user root with `ip`, `unshare` and `setpriv`, and Debian's `postgresql`.
 *
 * `--short` is what `.ci/run` calls: some of the test files. It builds nothing by Go, takes Temporal's development
 * server, and leaves two hosts out, with a sentence, where the machine cannot make them. Files are names of test files,
 * without the long part.
 */
const SHORT = ['two-hosts', 's3-storage', 's3-faults', 's3-commands'];
const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const installation = findInstallation();
await setUp(installation, new Report());
const env = {
  ...process.env,
  ...(await hostPrograms({ build: !values.short })),
  VIDEOCAP_TEST_HOSTS: values.short ? 'short' : 'all',
};
const run = (...args: string[]) =>
  spawnSync(process.execPath, args, { cwd: installation.repository, env, stdio: 'inherit' }).status ?? 1;
// Two files at a time: a whole deployment belongs to some.
const tests = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'hosts', '--maxWorkers', '2'];
const files = values.short && positionals.length === 0 ? SHORT : positionals;
const statuses = [run(...tests, ...files)];
if (!values.short && positionals.length === 0)
  for (const long of ['run-bucket-matrix', 'run-two-hosts'])
    statuses.push(run('core/run-typescript.mjs', `test/hosts/${long}.ts`));
process.exit(Math.max(...statuses));
