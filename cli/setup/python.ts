import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { VideocapError } from '../../core/errors.ts';

const execute = promisify(execFile);

export interface Python {
  executable: string;
  /** `[3, 11, 7]`. */
  version: readonly number[];
}

/** Output of the probe; `venv` and `pip`: whether this Python can create environments with pip. */
interface Probe extends Python {
  venv: boolean;
  pip: boolean;
}

/** The purpose of a Python: the start of the error sentence, and the oldest 3.x version that works. */
interface PythonNeed {
  what?: string;
  oldestMinor?: number;
}

const NAMES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
const PROBE = `
import importlib.util, json, sys
has = lambda name: importlib.util.find_spec(name) is not None
modules = {"venv": has("venv"), "pip": has("ensurepip")}
print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3]), **modules}))
`;

/**
 * The Python that makes an environment: `VIDEOCAP_PYTHON`, else the first on PATH of version 3.10 (or `oldestMinor`) or
 * later that has venv and pip.
 * @throws VideocapError `MissingTool` that names the found versions and how to install a suitable one.
 */
export async function findPython(
  env: NodeJS.ProcessEnv = process.env,
  { what = 'The Temporal and MLflow servers are', oldestMinor = 10 }: PythonNeed = {},
): Promise<Python> {
  const names = env.VIDEOCAP_PYTHON ? [env.VIDEOCAP_PYTHON] : NAMES;
  const found: Probe[] = [];
  for (const name of names) {
    const probe = await probePython(name, env);
    if (probe && recent(probe, oldestMinor) && probe.venv && probe.pip) return probe;
    if (probe) found.push(probe);
  }
  throw new VideocapError('MissingTool', missingPython(names, found, { what, oldestMinor }));
}

async function probePython(name: string, env: NodeJS.ProcessEnv): Promise<Probe | undefined> {
  try {
    return JSON.parse((await execute(name, ['-c', PROBE], { env, timeout: 20_000 })).stdout) as Probe;
  } catch {
    return undefined;
  }
}

function recent({ version: [major = 0, minor = 0] }: Python, oldestMinor: number): boolean {
  return major > 3 || (major === 3 && minor >= oldestMinor);
}

/** The error sentence for a machine without a suitable Python. */
export function missingPython(
  names: readonly string[],
  found: readonly Probe[],
  { what, oldestMinor }: Required<PythonNeed>,
): string {
  const need = `${what} installed with Python >= 3.${oldestMinor}, venv and pip`;
  const close = found.find((probe) => recent(probe, oldestMinor));
  if (close) {
    const version = close.version.slice(0, 2).join('.');
    const lacks = [!close.venv && 'venv', !close.pip && 'pip (ensurepip)'].filter(Boolean).join(' and ');
    return (
      `${need}; ${close.executable} (${close.version.join('.')}) lacks ${lacks}. On Debian or Ubuntu: apt-get ` +
      `install python${version}-venv; or name another Python in VIDEOCAP_PYTHON.`
    );
  }
  const seen =
    found.length > 0
      ? `found only ${found.map(({ executable, version }) => `${executable} (${version.join('.')})`).join(', ')}`
      : `found none (looked for ${names.join(', ')})`;
  return (
    `${need}; ${seen}. Install one (Debian or Ubuntu: apt-get install python3 python3-venv; macOS: brew install ` +
    'python), or name it in VIDEOCAP_PYTHON.'
  );
}
