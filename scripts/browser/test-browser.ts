import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { findInstallation } from '../../cli/installation.ts';
import { Report } from '../../cli/setup/report.ts';
import { setUp } from '../../cli/setup/setup.ts';
import { VideocapError } from '../../core/errors.ts';
import { findChromium, installChromium } from './find-chromium.ts';

/**
 * `npm run test:browser [-- --install] [-- --pictures FOLDER]`: works with the Temporal UI and MLflow as a user does,
 * in a real Chromium. Needs Chromium on PATH, or at VIDEOCAP_CHROMIUM.
 *
 * `--install`, of which `.ci/run` makes use, installs Debian's Chromium by apt-get where there is none, and needs root.
 * Without Chromium the command ends with one sentence and exit status 1. Pictures of the pages go to `--pictures`, or
 * else to a temporary folder, which is printed.
 */
const { values } = parseArgs({
  options: { install: { type: 'boolean', default: false }, pictures: { type: 'string' } },
});
const report = new Report();
try {
  const chromium = await browser();
  const installation = findInstallation();
  await setUp(installation, report);
  const pictures = resolve(values.pictures ?? mkdtempSync(join(tmpdir(), 'videocap-pictures-')));
  report.line(`Pictures of the pages: ${pictures}`);
  const env = {
    ...process.env,
    ...{ VIDEOCAP_TEST_BROWSER: '1', VIDEOCAP_CHROMIUM: chromium, VIDEOCAP_BROWSER_PICTURES: pictures },
  };
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'browser'];
  process.exitCode =
    spawnSync(process.execPath, args, { cwd: installation.repository, env, stdio: 'inherit' }).status ?? 1;
} catch (error) {
  if (!(error instanceof VideocapError)) throw error;
  report.line(error.message);
  process.exitCode = 1;
}

async function browser(): Promise<string> {
  if (!values.install) return findChromium();
  try {
    return findChromium();
  } catch {
    await report.step('Chromium (Debian, by apt-get)', async () => installChromium());
    return findChromium();
  }
}
