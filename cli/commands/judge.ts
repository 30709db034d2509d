import { Command } from '@commander-js/extra-typings';
import { examples } from '../output/print.ts';
import { checkCommand } from './judge-check.ts';
import { ledgerCommand } from './judge-ledger.ts';

export const judgeCommand = new Command('judge')
  .summary('check a judge endpoint, or look into its ledger')
  .description('Before a run: what a judge endpoint can do. After it: the paid questions and answers.')
  .addCommand(checkCommand)
  .addCommand(ledgerCommand)
  .addHelpText(
    'after',
    examples(
      ['videocap judge check my.yaml', 'does the endpoint of this config serve, and how is it best asked?'],
      ['videocap judge ledger', 'what was asked and paid, by prompt and by run'],
      ['videocap judge ledger 3f2a', 'one question with everything that was said'],
    ),
  );
