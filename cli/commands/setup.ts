import { Command } from '@commander-js/extra-typings';
import { findInstallation } from '../installation.ts';
import { installLocalJudge } from '../local-judge/install.ts';
import { printJson } from '../output/print.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';

export const setupCommand = new Command('setup')
  .description('Install what npm cannot: development servers, ffmpeg if it is missing, the embedding model.')
  .option(
    '--worker',
    'only what a worker needs whose servers run elsewhere: ffmpeg if it is missing, the embedding model',
  )
  .option('--local-judge', 'also the local judge (`npm run judge:local`): llama.cpp and a small language model, 130 MB')
  .option('--engine-stub', "also Temporal's Python SDK (15 MB), for tests of a policy engine in Python")
  .option('--json', 'print what was installed as JSON')
  .action(async ({ worker = false, localJudge, engineStub = false, json }) => {
    const report = new Report();
    const installation = findInstallation();
    const installed = await setUp(installation, report, { worker, engineStub });
    if (localJudge) installed.push(...(await installLocalJudge(installation, report)));
    if (json) printJson({ installed, seconds: report.taken });
    else report.line(installed.length === 0 ? 'Everything is installed.' : 'Installed.');
  });
