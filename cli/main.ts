import { readFileSync } from 'node:fs';
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { VideocapError } from '../core/errors.ts';
import { examples, printableLines, printNote } from './output/print.ts';

/** In the order of the help. One command alone starts in half the time of all. */
const COMMANDS: Record<string, () => Promise<CommandUnknownOpts>> = {
  quickstart: async () => (await import('./commands/quickstart.ts')).quickstartCommand,
  setup: async () => (await import('./commands/setup.ts')).setupCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  'vllm-command': async () => (await import('./commands/vllm-command.ts')).vllmCommand,
  up: async () => (await import('./commands/up.ts')).upCommand,
  down: async () => (await import('./commands/down.ts')).downCommand,
  worker: async () => (await import('./commands/worker.ts')).workerCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  run: async () => (await import('./commands/run.ts')).runCommand,
  sweep: async () => (await import('./commands/sweep.ts')).sweepCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  pause: async () => (await import('./commands/control.ts')).pauseCommand,
  resume: async () => (await import('./commands/resume.ts')).resumeCommand,
  limits: async () => (await import('./commands/control.ts')).limitsCommand,
  fork: async () => (await import('./commands/fork.ts')).forkCommand,
  stop: async () => (await import('./commands/control.ts')).stopCommand,
  bench: async () => (await import('./commands/bench.ts')).benchCommand,
  caption: async () => (await import('./commands/caption.ts')).captionCommand,
  annotate: async () => (await import('./commands/annotate.ts')).annotateCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  judge: async () => (await import('./commands/judge.ts')).judgeCommand,
  gc: async () => (await import('./commands/gc.ts')).gcCommand,
};

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const program = new Command('videocap')
  .version(version)
  .description('Trains video-captioning models with reinforcement learning, in runs that survive crashes.')
  .showHelpAfterError('(--help shows examples)')
  // An unknown word of the command line is quoted; help may hold names of configs.
  .configureOutput({ outputError: (text, write) => write(printableLines(text)) })
  .addHelpText(
    'after',
    examples(
      ['videocap quickstart', 'install, start, train, report: the whole thing once'],
      ['videocap run quickstart --set algorithm.steps=10', 'one experiment, with a change'],
      ['videocap caption tiny clip.mp4', 'caption a video file'],
      ['videocap status', 'what runs'],
      ['videocap down', 'stop servers and workers'],
    ),
  );

const named = process.argv[2] ?? '';
for (const name of Object.hasOwn(COMMANDS, named) ? [named] : Object.keys(COMMANDS))
  program.addCommand(await COMMANDS[name]!());

try {
  await program.parseAsync();
} catch (error) {
  // An error of this project prints as one sentence; any other is a defect, and its stack helps to find it.
  printNote(`${error instanceof VideocapError ? error.message : ((error as Error).stack ?? error)}\n`);
  process.exitCode = 1;
}
