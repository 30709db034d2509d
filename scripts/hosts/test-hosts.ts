import { spawnSync } from 'node:child_process';
import { findInstallation } from '../../cli/installation.ts';
import { s3Servers } from './s3-servers.ts';

/**
 * `npm run test:hosts`: the store in buckets of real S3 servers. Needs Go, Python and what `npm test` installs. No
 * other command calls it.
 */
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', '--project', 'hosts', ...process.argv.slice(2)],
  {
    cwd: findInstallation().repository,
    env: { ...process.env, ...(await s3Servers()), VIDEOCAP_TEST_HOSTS: '1' },
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
