import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command } from '@commander-js/extra-typings';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage } from '../../core/open-storage.ts';
import { LiveReport } from '../../report/live-report.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printNote } from '../output/print.ts';
import { goesOn, progressOf, runKeyNamed, sweepPage, waitingPage } from '../run/report-source.ts';
import { openSession } from '../run/session.ts';
import { freePort } from '../servers/ports.ts';
import { serveReport } from '../servers/report-server.ts';

export const openCommand = new Command('open')
  .summary("show a run's report in the browser")
  .description(
    'Serves the report of a run, or the page of a sweep, at an address of this machine until Ctrl-C, and opens the ' +
      'browser where there is one. While the run goes on, the page follows it. Reads the store of this installation; ' +
      'neither servers nor workers need run.',
  )
  .argument('<run>', 'as `videocap status` lists it, or its key in the store')
  .addHelpText('after', examples(['videocap open my-run', 'Ctrl-C ends it']))
  .action(async (run) => {
    const installation = findInstallation();
    const session = await openSession(installation).catch(() => undefined);
    try {
      const store = new ArtifactStore(await openStorage(installation.home));
      const runKey = await runKeyNamed(store, session, run);
      const port = await freePort('127.0.0.1');
      const report = new LiveReport(store, runKey);
      const server = await serveReport(port, async () => {
        const page = (await report.page(await goesOn(session, run))) ?? (await sweepPage(store, runKey));
        return page === undefined ? waitingPage(run, await progressOf(session, run)) : { html: page };
      });
      const address = `http://127.0.0.1:${port}/`;
      print(address);
      printNote(`The report of ${run}; Ctrl-C ends this.\n`);
      openBrowser(address);
      await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
      server.close();
      server.closeAllConnections();
    } finally {
      await session?.close();
    }
  });

/** Opens an address in the user's browser, if this machine has a screen. */
function openBrowser(address: string, env = process.env): void {
  const hasScreen = process.platform === 'darwin' || env.DISPLAY !== undefined || env.WAYLAND_DISPLAY !== undefined;
  if (!hasScreen) return;
  const browser = spawn(process.platform === 'darwin' ? 'open' : 'xdg-open', [address], {
    stdio: 'ignore',
    detached: true,
  });
  // Without such a program, the printed address is enough.
  browser.on('error', () => undefined);
  browser.unref();
}
