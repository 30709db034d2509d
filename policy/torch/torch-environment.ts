import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VideocapError } from '../../core/errors.ts';

const REPOSITORY = new URL('../../', import.meta.url);

/**
 * The interpreter that has PyTorch, and the package that it runs. `VIDEOCAP_TORCH_PYTHON` names another interpreter.
 * @throws VideocapError `MissingTool`.
 */
export function torchEnvironment(): { python: string; packageFolder: string } {
  const python = process.env.VIDEOCAP_TORCH_PYTHON ?? fileURLToPath(new URL('.venv-torch/bin/python', REPOSITORY));
  if (!existsSync(python))
    throw new VideocapError(
      'MissingTool',
      `The torch engine's Python ${python} is missing; run \`npm run setup:torch\`, or set VIDEOCAP_TORCH_PYTHON to ` +
        'an interpreter with the packages of workers/torch/requirements.in.',
    );
  return { python, packageFolder: fileURLToPath(new URL('workers/torch', REPOSITORY)) };
}
