import { Command } from '@commander-js/extra-typings';
import { VideocapError } from '../core/errors.ts';
import { annotateCommand } from './commands/annotate.ts';
import { benchCommand } from './commands/bench.ts';
import { captionCommand } from './commands/caption.ts';
import { limitsCommand, pauseCommand, stopCommand } from './commands/control.ts';
import { downCommand } from './commands/down.ts';
import { forkCommand } from './commands/fork.ts';
import { gcCommand } from './commands/gc.ts';
import { judgeCommand } from './commands/judge.ts';
import { examples } from './commands/output.ts';
import { quickstartCommand } from './commands/quickstart.ts';
import { resumeCommand } from './commands/resume.ts';
import { runCommand } from './commands/run.ts';
import { setupCommand } from './commands/setup.ts';
import { statusCommand } from './commands/status.ts';
import { upCommand } from './commands/up.ts';

const program = new Command('videocap')
  .description('Trains video-captioning models with reinforcement learning, in runs that survive anything.')
  .showHelpAfterError('(--help shows examples)')
  .addCommand(quickstartCommand)
  .addCommand(setupCommand)
  .addCommand(upCommand)
  .addCommand(downCommand)
  .addCommand(runCommand)
  .addCommand(statusCommand)
  .addCommand(pauseCommand)
  .addCommand(resumeCommand)
  .addCommand(limitsCommand)
  .addCommand(forkCommand)
  .addCommand(stopCommand)
  .addCommand(benchCommand)
  .addCommand(captionCommand)
  .addCommand(annotateCommand)
  .addCommand(judgeCommand)
  .addCommand(gcCommand)
  .addHelpText(
    'after',
    examples(
      ['videocap quickstart', 'install, start, train, report: the whole thing once'],
      ['videocap run quickstart --set grpo.steps=10', 'one experiment, with a change'],
      ['videocap caption tiny clip.mp4', 'caption a video file'],
      ['videocap status', 'what runs'],
      ['videocap down', 'stop servers and workers'],
    ),
  );

try {
  await program.parseAsync();
} catch (error) {
  // What is ours to explain is one sentence; anything else is a defect, and its stack helps to find it.
  process.stderr.write(`${error instanceof VideocapError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
