import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { sha256OfFile } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { runFfmpeg } from '../video/ffmpeg-command.ts';

/**
 * `npm run example:film`: makes the clips that `configs/examples/own-data.jsonl` names, from Big Buck Bunny ((c)
 * Blender Foundation, CC BY 3.0), a copy of which lies in the source package of moviepy on PyPI. About 60 MB are
 * downloaded, and again only when a clip is missing; nothing is committed. Beside the clips it writes `captions.jsonl`:
 * all of them with nothing but a caption, for `videocap annotate`; and `dream1k.jsonl`: the same as a benchmark file,
 * for `videocap bench`.
 */
const PACKAGE = 'moviepy==2.2.1';
const ARCHIVE = {
  file: 'moviepy-2.2.1.tar.gz',
  sha256: 'c80cb56815ece94e5e3e2d361aa40070eeb30a09d23a24c4e684d03e16deacb1',
};
const FILM_SHA256 = '475fbbf34c4c367998f80c29ea03b15a743941179b12da3373fc6706e68621d0';
const EXAMPLES = fileURLToPath(new URL('../configs/examples/', import.meta.url));

/** The film is a file in a zip file in the package. */
const UNPACK = `
import io, sys, tarfile, zipfile
with tarfile.open(sys.argv[1]) as package:
    name = next(n for n in package.getnames() if n.endswith('moviepy_10_minutes/moviepy_10_minutes.zip'))
    inner = zipfile.ZipFile(io.BytesIO(package.extractfile(name).read()))
film = next(n for n in inner.namelist() if n.endswith('resources/bbb.mp4'))
open(sys.argv[2], 'wb').write(inner.read(film))
`;

export const ClipList = z.object({
  clips: z.array(
    z.object({
      id: z.string(),
      start: z.number(),
      end: z.number(),
      caption: z.string(),
      events: z.array(z.string()),
    }),
  ),
});
type Clip = z.infer<typeof ClipList>['clips'][number];

async function fetchExampleFilm(say: (line: string) => void): Promise<void> {
  const list = JSON.parse(await readFile(join(EXAMPLES, 'big-buck-bunny-clips.json'), 'utf8')) as unknown;
  const { clips } = ClipList.parse(list);
  const folder = join(EXAMPLES, 'big-buck-bunny');
  await mkdir(folder, { recursive: true });
  const missing = clips.filter(({ id }) => !existsSync(join(folder, `${id}.mp4`)));
  if (missing.length > 0) await withFilm((film) => cutClips(film, missing, folder, say), say);
  const captions = clips.map(({ id, caption }) => ({ id, video: `${id}.mp4`, caption }));
  const files = { 'captions.jsonl': captions, 'dream1k.jsonl': clips.map(asDream1kRow) };
  for (const [name, rows] of Object.entries(files))
    await writeFile(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  say(`${clips.length} clips, ${Object.keys(files).join(' and ')} in ${folder}`);
}

/** A clip as the authors of DREAM-1K write one down. */
export function asDream1kRow({ id, caption, events }: Clip) {
  return {
    messages: [
      { role: 'user', content: [{ type: 'video', video: { video_file: `${id}.mp4` } }] },
      { role: 'assistant', content: [{ type: 'text', reference: caption }] },
    ],
    dataset: 'movie_animation',
    idx: id,
    extra_info: { events },
  };
}

/** Gives the film to `use`, in a folder that is gone afterwards. */
async function withFilm(use: (film: string) => Promise<void>, say: (line: string) => void): Promise<void> {
  const run = promisify(execFile);
  const temporary = await mkdtemp(join(tmpdir(), 'videocap-film-'));
  try {
    say(`Downloading ${PACKAGE} ...`);
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary=moviepy', '--dest', temporary, PACKAGE];
    await run('python3', pip);
    const archive = join(temporary, ARCHIVE.file);
    await check(archive, ARCHIVE.sha256);
    const film = join(temporary, 'film.mp4');
    await run('python3', ['-c', UNPACK, archive, film]);
    await check(film, FILM_SHA256);
    await use(film);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function check(path: string, expected: string): Promise<void> {
  if ((await sha256OfFile(path)) !== expected)
    throw new VideocapError('CorruptArtifact', `${basename(path)} is not the expected file; check your package index.`);
}

/** A clip appears under its name only when it is whole. */
async function cutClips(film: string, clips: readonly Clip[], folder: string, say: (line: string) => void) {
  for (const { id, start, end } of clips) {
    const unfinished = `${film}.${id}.mp4`;
    await runFfmpeg({
      input: film,
      inputOptions: ['-ss', `${start}`, '-t', `${end - start}`],
      outputOptions: ['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p'],
      output: unfinished,
      timeoutSeconds: 600,
    });
    await copyFile(unfinished, join(folder, `.${id}.mp4`));
    await rename(join(folder, `.${id}.mp4`), join(folder, `${id}.mp4`));
    say(`${id}.mp4: ${(end - start).toFixed(1)} s`);
  }
}

if (import.meta.filename === process.argv[1]) await fetchExampleFilm(console.log);
