import { readFileSync } from 'node:fs';
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { VideocapError } from '../core/errors.ts';
import { examples, printableLines, printNote } from './output/print.ts';

/** 128 and the number of SIGPIPE. */
const CLOSED_PIPE = 141;

/** In the order of the help. One command alone starts in half the time of all. */
const COMMANDS: Record<string, () => Promise<CommandUnknownOpts>> = {
  quickstart: async () => (await import('./commands/quickstart.ts')).quickstartCommand,
  setup: async () => (await import('./commands/setup.ts')).setupCommand,
  plan: async () => (await import('./commands/plan.ts')).planCommand,
  'vllm-command': async () => (await import('./commands/vllm-command.ts')).vllmCommand,
  up: async () => (await import('./commands/up.ts')).upCommand,
  down: async () => (await import('./commands/down.ts')).downCommand,
  'start-forms': async () => (await import('./commands/start-forms.ts')).startFormsCommand,
  worker: async () => (await import('./commands/worker.ts')).workerCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  run: async () => (await import('./commands/run.ts')).runCommand,
  sweep: async () => (await import('./commands/sweep.ts')).sweepCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  configs: async () => (await import('./commands/configs.ts')).configsCommand,
  status: async () => (await import('./commands/status.ts')).statusCommand,
  open: async () => (await import('./commands/open.ts')).openCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  pause: async () => (await import('./commands/control.ts')).pauseCommand,
  resume: async () => (await import('./commands/resume.ts')).resumeCommand,
  limits: async () => (await import('./commands/control.ts')).limitsCommand,
  fork: async () => (await import('./commands/fork.ts')).forkCommand,
  stop: async () => (await import('./commands/control.ts')).stopCommand,
  cancel: async () => (await import('./commands/cancel.ts')).cancelCommand,
  delete: async () => (await import('./commands/delete.ts')).deleteCommand,
  bench: async () => (await import('./commands/bench.ts')).benchCommand,
  caption: async () => (await import('./commands/caption.ts')).captionCommand,
  annotate: async () => (await import('./commands/annotate.ts')).annotateCommand,
  explain: async () => (await import('./commands/explain.ts')).explainCommand,
  judge: async () => (await import('./commands/judge.ts')).judgeCommand,
  gc: async () => (await import('./commands/gc.ts')).gcCommand,
  completion: async () => (await import('./commands/completion.ts')).completionCommandOf(allCommands),
};

/** Every command but the one that completes them. */
async function allCommands(): Promise<CommandUnknownOpts[]> {
  const names = Object.keys(COMMANDS).filter((name) => name !== 'completion');
  return Promise.all(names.map((name) => COMMANDS[name]!()));
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const program = new Command('videocap')
  .version(version)
  .description('Trains video-captioning models with reinforcement learning, in runs that survive crashes.')
  .showHelpAfterError('(--help shows examples)')
  .exitOverride()
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
  program.addCommand(inheriting(await COMMANDS[name]!()));

// As of any program in a pipe: a reader such as `head` has read enough, and is no defect of this one.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(CLOSED_PIPE);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // It has printed what is wrong, or the help.
    process.exitCode = error.exitCode;
    const [, option] = /^error: unknown option '(.*?)'/s.exec(error.message) ?? [];
    if (option !== undefined && takesSettings(named)) await printHint(option);
  } else {
    printNote(`${await explained(error)}\n`);
    process.exitCode = 1;
  }
}

/** A command with what the program has set up for its own output, and so for all below it. */
function inheriting(command: CommandUnknownOpts): CommandUnknownOpts {
  command.copyInheritedSettings(program);
  for (const inner of command.commands) inheriting(inner);
  return command;
}

function takesSettings(name: string): boolean {
  const command = program.commands.find((each) => each.name() === name);
  return command?.options.some(({ long }) => long === '--set') ?? false;
}

async function printHint(option: string): Promise<void> {
  const { settingHint } = await import('./commands/setting-hint.ts');
  const hint = settingHint(option, process.argv);
  if (hint !== undefined) printNote(`${hint}\n`);
}

/** An error of this project, or of Temporal, is one sentence; any other is a defect, and its stack helps to find it. */
async function explained(error: unknown): Promise<string> {
  if (error instanceof VideocapError) return error.message;
  const { unansweredCall } = await import('./run/unanswered-call.ts');
  return unansweredCall(error) ?? (error as Error).stack ?? String(error);
}
