import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));

it('a reader that leaves ends a command as it ends any program, without a stack', async () => {
  const child = spawn(process.execPath, [CLI, 'configs', '--settings'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  expect({ stderr, code }).toEqual({ stderr: '', code: 141 });
});
