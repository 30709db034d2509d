import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { findPython } from '../../cli/setup/python.ts';
import { PythonEnvironment } from '../../cli/setup/python-environment.ts';
import { Report } from '../../cli/setup/report.ts';
import { runTool } from '../../cli/setup/run-tool.ts';

const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const MOTO = 'moto[s3,server]==5.2.5';

/** The S3 servers of `npm run test:hosts`, made in `.venv-hosts` where they are missing: Go builds one for minutes. */
export async function s3Servers(): Promise<{ VIDEOCAP_VERSITYGW: string; VIDEOCAP_MOTO: string }> {
  const environment = new PythonEnvironment(join(findInstallation().repository, '.venv-hosts'));
  const [versitygw, moto] = [environment.bin('versitygw'), environment.bin('moto_server')];
  const report = new Report();
  if (!existsSync(moto))
    await report.step('moto (PyPI, into .venv-hosts)', async () => {
      const python = await findPython(process.env, { what: 'moto is', oldestMinor: 10 });
      await runTool(python.executable, ['-m', 'venv', environment.folder], { what: 'Making .venv-hosts' });
      await environment.pip(['install', '--quiet', MOTO]);
    });
  if (!existsSync(versitygw))
    await report.step('versitygw (built by Go, into .venv-hosts)', async () => {
      process.env.GOBIN = environment.bin('');
      await runTool('go', ['install', VERSITYGW], { what: 'Building versitygw' });
    });
  return { VIDEOCAP_VERSITYGW: versitygw, VIDEOCAP_MOTO: moto };
}
