import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { lookForFfmpeg } from '../../video/ffmpeg-binary.ts';

const execute = promisify(execFile);
const MEGABYTE = 2 ** 20;

/** A temporary folder that is full. */
export interface FullFolder {
  /** What this process and its children find it by. */
  env: Record<string, string>;
  free(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * A small file system of its own, full to the last byte. Where none may be mounted: an ffmpeg whose every video goes to
 * `/dev/full`, where the system refuses it the same way.
 */
export async function fullFolder(): Promise<FullFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-full-'));
  const mounted = await execute('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).then(
    () => true,
    () => false,
  );
  return mounted ? fullMount(folder) : fullDevice(folder);
}

async function fullMount(folder: string): Promise<FullFolder> {
  const filler = join(folder, 'filler');
  // A folder in it takes no room, a byte does.
  await writeFile(filler, Buffer.alloc(MEGABYTE)).catch(() => undefined);
  return {
    env: { TMPDIR: folder },
    free: () => truncate(filler, 0),
    async remove() {
      await execute('umount', [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

async function fullDevice(folder: string): Promise<FullFolder> {
  const { path } = await lookForFfmpeg(process.env.FFMPEG_PATH, process.cwd());
  const program = join(folder, 'ffmpeg');
  const script = [
    '#!/bin/sh',
    `if [ ! -e '${folder}/freed' ]; then`,
    '  for argument; do shift; case $argument in file:*.mp4) argument=file:/dev/full; esac; set -- "$@" ' +
      '"$argument"; done',
    'fi',
    `exec '${path}' "$@"`,
  ];
  await writeFile(program, script.join('\n'), { mode: 0o755 });
  return {
    env: { FFMPEG_PATH: program },
    free: async () => void (await mkdir(join(folder, 'freed'))),
    remove: () => rm(folder, { recursive: true }),
  };
}
