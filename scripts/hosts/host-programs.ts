import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';
import { runTool } from '../../cli/setup/run-tool.ts';

const MOTO = fileURLToPath(new URL('../../cli/setup/requirements/s3-server.lock', import.meta.url));

/** What Go builds, each into a folder of its version; Temporal's is that of the server in Temporal's CLI. */
const BUILDS = {
  versitygw: { version: '1.8.0', packages: ['github.com/versity/versitygw/cmd/versitygw'] },
  temporal: {
    version: '1.32.0',
    packages: ['go.temporal.io/server/cmd/server', 'go.temporal.io/server/cmd/tools/sql'],
  },
} as const;

/**
 * The servers of `npm run test:hosts`, made in `.venv-hosts` where they are missing, as variables that its tests read.
 * @param build with those that Go builds for minutes; without, only those of them that are there already.
 */
export async function hostPrograms({ build }: { build: boolean }): Promise<NodeJS.ProcessEnv> {
  const report = new Report();
  const environment = new PythonEnvironment(join(findInstallation().repository, '.venv-hosts'));
  if (!(await environment.has(MOTO)))
    await report.step('moto (PyPI, into .venv-hosts)', async () => {
      const python = await findPython(process.env, { what: 'moto is', oldestMinor: 10 });
      await environment.install(MOTO, python);
    });
  const built = async (name: keyof typeof BUILDS) => {
    const { version, packages } = BUILDS[name];
    const folder = join(environment.folder, `${name}-${version}`);
    if (existsSync(folder)) return folder;
    if (!build) return undefined;
    await report.step(`${name} ${version} (built by Go, into .venv-hosts; takes minutes)`, async () => {
      // Whole or not at all.
      const unfinished = `${folder}.tmp`;
      await rm(unfinished, { recursive: true, force: true });
      await mkdir(unfinished, { recursive: true });
      const modules = packages.map((name) => `${name}@v${version}`);
      await runTool('go', ['install', ...modules], {
        what: `Building ${name} by Go, which has to be on PATH,`,
        env: { ...process.env, GOBIN: unfinished },
      });
      await rename(unfinished, folder);
    });
    return folder;
  };
  const [versitygw, temporal] = [await built('versitygw'), await built('temporal')];
  return {
    VIDEOCAP_MOTO_PYTHON: environment.bin('python'),
    ...(versitygw && { VIDEOCAP_VERSITYGW: join(versitygw, 'versitygw') }),
    ...(temporal && {
      VIDEOCAP_TEMPORAL_SERVER: join(temporal, 'server'),
      VIDEOCAP_TEMPORAL_SQL: join(temporal, 'sql'),
    }),
  };
}
