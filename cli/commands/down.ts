import { Command } from '@commander-js/extra-typings';
import { findInstallation } from '../installation.ts';
import { print, printJson } from '../output/print.ts';
import { stopServices } from '../servers/services.ts';

export const downCommand = new Command('down')
  .summary('stop the servers and the workers')
  .description('Stops everything that `up` started. Data stays; active runs continue after the next `up`.')
  .option('--json', 'print what was stopped as JSON')
  .action(async ({ json }) => {
    const stopped = await stopServices(findInstallation());
    if (json) printJson({ stopped });
    else print(stopped.length === 0 ? 'Nothing was running.' : `Stopped ${stopped.join(', ')}.`);
  });
