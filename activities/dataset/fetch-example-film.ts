import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { runFfmpeg } from '../frames/ffmpeg-command.ts';

/**
 * Makes the clips that `configs/examples/own-data.jsonl` names, from Big Buck Bunny ((c) Blender Foundation, CC BY 3.0),
 * a copy of which lies in the source package of moviepy on PyPI. About 60 MB are downloaded; nothing is committed.
 *
 *     npx tsx activities/dataset/fetch-example-film.ts
 */
const PACKAGE = 'moviepy==2.2.1';
const ARCHIVE = {
  file: 'moviepy-2.2.1.tar.gz',
  sha256: 'c80cb56815ece94e5e3e2d361aa40070eeb30a09d23a24c4e684d03e16deacb1',
};
const EXAMPLES = fileURLToPath(new URL('../../configs/examples/', import.meta.url));

/** The film is a file in a zip file in the package. */
const UNPACK = `
import io, sys, tarfile, zipfile
with tarfile.open(sys.argv[1]) as package:
    name = next(n for n in package.getnames() if n.endswith('moviepy_10_minutes/moviepy_10_minutes.zip'))
    inner = zipfile.ZipFile(io.BytesIO(package.extractfile(name).read()))
film = next(n for n in inner.namelist() if n.endswith('resources/bbb.mp4'))
open(sys.argv[2], 'wb').write(inner.read(film))
`;

const ClipList = z.object({
  clips: z.array(z.object({ id: z.string(), start: z.number(), end: z.number() })),
});

export async function fetchExampleFilm(say: (line: string) => void): Promise<void> {
  const run = promisify(execFile);
  const temporary = await mkdtemp(join(tmpdir(), 'videocap-film-'));
  try {
    say(`Downloading ${PACKAGE} ...`);
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary=moviepy', '--dest', temporary, PACKAGE];
    await run('python3', pip);
    const archive = join(temporary, ARCHIVE.file);
    if ((await sha256OfFile(archive)) !== ARCHIVE.sha256)
      throw new VideocapError('CorruptArtifact', `${ARCHIVE.file} is not the expected file; check your package index.`);
    const film = join(temporary, 'film.mp4');
    await run('python3', ['-c', UNPACK, archive, film]);
    await cutClips(film, join(EXAMPLES, 'big-buck-bunny'), say);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function cutClips(film: string, folder: string, say: (line: string) => void): Promise<void> {
  const list = await readFile(join(EXAMPLES, 'big-buck-bunny-clips.json'), 'utf8');
  await mkdir(folder, { recursive: true });
  for (const { id, start, end } of ClipList.parse(JSON.parse(list)).clips) {
    await runFfmpeg({
      input: film,
      inputOptions: ['-ss', `${start}`, '-t', `${end - start}`],
      outputOptions: ['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p'],
      output: join(folder, `${id}.mp4`),
      timeoutSeconds: 600,
    });
    say(`${id}.mp4: ${(end - start).toFixed(1)} s`);
  }
}

if (import.meta.filename === process.argv[1]) await fetchExampleFilm(console.log);
