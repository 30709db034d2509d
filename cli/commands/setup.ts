import { Command } from '@commander-js/extra-typings';
import { findInstallation } from '../installation.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';

export const setupCommand = new Command('setup')
  .description('Install what npm does not: development servers, ffmpeg where there is none, the embedding model.')
  .option('--json', 'print what was installed as JSON')
  .action(async ({ json }) => {
    const report = new Report();
    const installed = await setUp(findInstallation(), report);
    if (json) process.stdout.write(`${JSON.stringify({ installed, seconds: report.taken })}\n`);
    else report.line(installed.length === 0 ? 'Everything is installed.' : 'Installed.');
  });
