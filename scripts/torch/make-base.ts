import { spawnSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findInstallation } from '../../cli/installation.ts';

/**
 * `npm run model:pretrain [-- --scenes 24000 --seconds 5400]`: makes the base weights of the tiny model again. Draws
 * and encodes the pretraining scenes, writes the position of every subject in them, trains, and puts the weights into
 * the model folder. Each part continues where an earlier call stopped. With fewer scenes, a trial of all parts takes
 * minutes. Options after `--scenes` go to `videocap_torch.pretrain`; workers/torch/README.md says what they mean.
 */
const [option, count, ...others] = process.argv.slice(2);
const [scenes, trainingOptions] = option === '--scenes' ? [count ?? '', others] : ['24000', process.argv.slice(2)];
const HELD_OUT = '300';

const folder = fileURLToPath(new URL('.', import.meta.url));
const repository = join(folder, '..', '..');
const data = join(findInstallation().home, 'pretraining');
const [sceneFolder, heldOut, tracks, out] = ['scenes', 'held-out', 'tracks', 'run'].map((name) => join(data, name)) as [
  string,
  string,
  string,
  string,
];

const exporter = join(repository, 'scripts', 'export-pretraining.ts');
tsx(exporter, '--out', sceneFolder, '--split', 'pretrain', '--count', scenes, '--shard', '1000');
tsx(exporter, '--out', heldOut, '--split', 'held-out', '--count', HELD_OUT, '--shard', HELD_OUT);
tsx(join(folder, 'export-tracks.ts'), '--data', sceneFolder, '--out', tracks);
const places = ['--data', sceneFolder, '--held-out', heldOut, '--tracks', tracks, '--out', out];
tsx(join(folder, 'run-python.ts'), 'videocap_torch.pretrain', ...places, ...trainingOptions);
const model = join(repository, 'policy', 'models', 'tiny');
await copyFile(join(out, 'model.safetensors'), join(model, 'model.safetensors'));
await copyFile(join(out, 'log.jsonl'), join(model, 'pretraining-log.jsonl'));
tsx(join(folder, 'run-python.ts'), 'videocap_torch.fixtures');

function tsx(script: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: repository,
    stdio: 'inherit',
    // Training allocates and frees large blocks all the time: keep them, or page faults cost more than the arithmetic.
    env: { ...process.env, MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '68719476736' },
  });
  if (status !== 0) process.exit(status ?? 1);
}
