import { Command } from '@commander-js/extra-typings';
import { experimentsPage } from '../../contracts/mlflow-pages.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { misplacedRuns } from '../run/misplaced-runs.ts';
import { bringUp, openSession } from '../run/session.ts';
import { formLines, questionLinks, startForms } from '../run/start-forms.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';

export const upCommand = new Command('up')
  .summary('start the development servers and the workers')
  .description(
    'Starts Temporal, MLflow and the workers on loopback, in the background; installs them first if they are ' +
      'missing. Services that already run stay as they are; dead ones start again with their data.',
  )
  .option('--json', 'print the addresses as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap up', 'free ports, or those of the last time'],
      ['VIDEOCAP_MLFLOW_PORT=5000 videocap up', 'also VIDEOCAP_TEMPORAL_PORT, VIDEOCAP_TEMPORAL_UI_PORT'],
      ['VIDEOCAP_HOME=/data/videocap videocap up', 'keep data, logs and models elsewhere'],
    ),
  )
  .action(async ({ json }) => {
    const installation = findInstallation();
    const report = new Report();
    await setUp(installation, report);
    const addresses = await bringUp(installation, report);
    const { home } = installation;
    // The local services, whatever server Temporal's variables name.
    const session = await openSession(installation, { env: {} });
    try {
      const [forms, misplaced] = [await startForms(session), await misplacedRuns(session.client)];
      const questions = questionLinks(session);
      if (json) return printJson({ ...addresses, home, forms, questions, misplaced });
      print(
        `Temporal UI   ${addresses.temporalUi}   (server ${addresses.temporal})`,
        `MLflow        ${experimentsPage(addresses.mlflow)}`,
        `logs          ${home}/logs`,
        '',
        ...formLines(forms, questions),
        ...misplaced,
      );
    } finally {
      await session.close();
    }
  });
