import { Command } from '@commander-js/extra-typings';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { openSession } from '../run/session.ts';
import { formLines, questionLinks, startForms } from '../run/start-forms.ts';

export const startFormsCommand = new Command('start-forms')
  .summary('print links to filled-in start forms, and to lists of runs, in the Temporal UI')
  .description(
    'Puts a template of each workflow type into Temporal, where it is not there yet, and prints the links that open ' +
      'the start form filled in from it; then links to lists of runs. For the Temporal server of TEMPORAL_ADDRESS, ' +
      'with its UI at TEMPORAL_UI_URL, or the local one. A template starts nothing.',
  )
  .option('--json', 'print the links as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap start-forms', 'of the local services'],
      ['TEMPORAL_ADDRESS=host:7233 TEMPORAL_UI_URL=http://host:8233 videocap start-forms', 'of a deployment'],
    ),
  )
  .action(async ({ json }) => {
    const session = await openSession(findInstallation());
    try {
      const forms = await startForms(session);
      const questions = questionLinks(session);
      if (json) printJson({ forms, questions });
      else print(...formLines(forms, questions));
    } finally {
      await session.close();
    }
  });
