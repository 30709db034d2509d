import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { sha256 } from '../../core/artifact-store.ts';
import type { Python } from './python.ts';
import { runTool } from './run-tool.ts';

/** Packages from lock files in a Python environment of their own. A stamp per lock file makes a second call free. */
export class PythonEnvironment {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Path of a program in the environment. */
  bin(program: string): string {
    return join(this.folder, 'bin', program);
  }

  /** Whether exactly this lock file was installed here, to its end. */
  async has(lockFile: string): Promise<boolean> {
    const stamp = await readFile(this.#stamp(lockFile), 'utf8').catch(() => '');
    return stamp !== '' && stamp === (await this.#digest(lockFile)) && (await this.#works());
  }

  /** Makes an environment with pip alone, unless there is one that works. */
  async make(python: Python): Promise<void> {
    if (await this.#works()) return;
    await runTool(python.executable, ['-m', 'venv', '--clear', this.folder], {
      what: `Making the Python environment ${this.folder}`,
    });
  }

  /**
   * Installs a lock file: every package by its hash, wheels only, nothing that the lock does not name.
   * @throws VideocapError `MissingTool` with pip's last lines.
   */
  async install(lockFile: string, python: Python): Promise<void> {
    await this.make(python);
    await this.installWith(lockFile, (options) => this.pip(['install', ...options]));
  }

  /** The same in an environment that is there, by what `install` does with pip's options. */
  async installWith(lockFile: string, install: (options: readonly string[]) => Promise<unknown>): Promise<void> {
    await rm(this.#stamp(lockFile), { force: true });
    await install(['--no-deps', '--require-hashes', '--only-binary=:all:', '--quiet', '-r', lockFile]);
    await writeFile(this.#stamp(lockFile), await this.#digest(lockFile));
  }

  /** Runs the environment's own pip, without questions. */
  async pip(args: readonly string[]): Promise<string> {
    return runTool(this.bin('python'), ['-m', 'pip', '--disable-pip-version-check', '--no-input', ...args], {
      what: `pip ${args[0]} of ${args.at(-1)}`,
    });
  }

  /** Without its `pyvenv.cfg`, a Python takes itself for the one that it was made from, and pip installs there. */
  async #works(): Promise<boolean> {
    const check = 'import pip, sys; assert sys.prefix != sys.base_prefix';
    return runTool(this.bin('python'), ['-c', check], { what: 'Checking the Python environment' }).then(
      () => true,
      () => false,
    );
  }

  #stamp(lockFile: string): string {
    return join(this.folder, `.installed-${basename(lockFile, '.lock')}`);
  }

  async #digest(lockFile: string): Promise<string> {
    return sha256(await readFile(lockFile));
  }
}
