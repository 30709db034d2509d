import { readdir } from 'node:fs/promises';
import { basename, join, parse, relative, sep } from 'node:path';
import { VideocapError } from '../../../core/errors.ts';

/** Where a video is, or why it cannot be told. */
export type FoundVideo = { path: string } | { missing: string };

/**
 * Looks for videos in a folder and its subfolders, by the names that annotations give: as a path from the folder, else by the
 * file's name alone, which must then be there once; last by that name with another extension, since VDC's annotations give none.
 * @throws VideocapError `InvalidDataset` when there is no such folder.
 */
export async function videoFinder(folder: string): Promise<(name: string) => FoundVideo> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
      throw new VideocapError('InvalidDataset', `Video folder ${folder} is not there or no folder; check the path.`, {
        cause,
      });
    },
  );
  const byPath = new Map<string, string>();
  const byName = new Map<string, string[]>();
  const byStem = new Map<string, string[]>();
  for (const entry of entries) {
    // A link may lead to a file; probing says whether it is a video.
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    byPath.set(relative(folder, path).split(sep).join('/'), path);
    const stem = parse(entry.name).name;
    byName.set(entry.name, [...(byName.get(entry.name) ?? []), path]);
    byStem.set(stem, [...(byStem.get(stem) ?? []), path]);
  }
  return (name) => {
    const exact = byPath.get(name.split('\\').join('/').replace(/^\.\//, ''));
    if (exact) return { path: exact };
    const named = byName.get(basename(name)) ?? byStem.get(parse(name).name) ?? [];
    if (named.length === 1) return { path: named[0]! };
    return {
      missing:
        named.length === 0
          ? `there is no ${basename(name)} in ${folder}`
          : `there are ${named.length} files for ${basename(name)} in ${folder}`,
    };
  };
}
