import { Command } from '@commander-js/extra-typings';
import { VideocapError } from '../core/errors.ts';
import { setupCommand } from './commands/setup.ts';

const program = new Command('videocap')
  .description('Trains video-captioning models with reinforcement learning, in runs that survive anything.')
  .showHelpAfterError('(--help shows examples)')
  .addCommand(setupCommand);

try {
  await program.parseAsync();
} catch (error) {
  const expected = error instanceof VideocapError;
  process.stderr.write(`${expected ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
