import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { VideocapError } from '../../core/errors.ts';

const execute = promisify(execFile);
const LINES_SHOWN = 20;

/**
 * Runs a program to its end and returns its standard output.
 * @throws VideocapError `MissingTool` with the end of the program's output.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { what: string; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      maxBuffer: 64 << 20,
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
    });
    return stdout;
  } catch (error) {
    const { stderr, stdout, message } = error as Error & { stderr?: string; stdout?: string };
    const said = (stderr || stdout || message).trim().split('\n').slice(-LINES_SHOWN).join('\n');
    throw new VideocapError('MissingTool', `${options.what} failed (${program} ${args[0] ?? ''} ...):\n${said}`, {
      cause: error,
    });
  }
}
