import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Command } from '@commander-js/extra-typings';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { openStorage } from '../../core/open-storage.ts';
import { LiveReport } from '../../report/live-report.ts';
import { LiveSweep } from '../../report/live-sweep.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printNote } from '../output/print.ts';
import { findShown, lookAt, progressOf, type Shown, sweepPage, waitingPage } from '../run/report-source.ts';
import { openSession, type Session } from '../run/session.ts';
import { freePort } from '../servers/ports.ts';
import { serveReport } from '../servers/report-server.ts';

export const openCommand = new Command('open')
  .summary("show a run's report in the browser")
  .description(
    'Serves the report of a run, or the page of a sweep, at an address of this machine until Ctrl-C, and opens the ' +
      'browser where there is one. While it goes on, the page follows it. Reads the store of this installation; ' +
      'neither servers nor workers need run, but for the page of a sweep that has not ended.',
  )
  .argument('<run>', 'as `videocap status` lists it, or its key in the store')
  .addHelpText('after', examples(['videocap open my-run', 'Ctrl-C ends it']))
  .action(async (run) => {
    const installation = findInstallation();
    const session = await openSession(installation).catch(() => undefined);
    try {
      const store = new ArtifactStore(await openStorage(installation.home));
      const shown = await findShown(store, session, run);
      const port = await freePort('127.0.0.1');
      const page = pageOf(store, session, shown);
      const server = await serveReport(port, async () => {
        const html = await page();
        return html === undefined ? waitingPage(run, await progressOf(session, shown)) : { html };
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

/** The page as it is at each call: of a sweep that has no table yet, what its runs have come to. */
function pageOf(store: ArtifactStore, session: Session | undefined, shown: Shown) {
  const report = new LiveReport(store, shown.runKey);
  const live = new LiveSweep(store, shown.runKey);
  return async () => {
    const { state, sweep } = await lookAt(session, shown);
    const goesOn = state === 'RUNNING';
    // A sweep that was resumed has the table of its execution before.
    const written = goesOn ? undefined : await sweepPage(store, shown.runKey);
    if (sweep && !(state === 'COMPLETED' && written)) return live.page({ ...sweep, goesOn });
    return written ?? report.page(goesOn);
  };
}

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
