import { readdir } from 'node:fs/promises';
import { basename, join, parse, relative, resolve, sep } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import { linkOut } from '../../datasets/check-video.ts';

/** A video's path, or why it is unknown. */
export type FoundVideo = { path: string } | { missing: string };

/**
 * Looks for videos in a folder and its subfolders, by the names that annotations give: as a path from the folder, else
 * by the file's name alone, which must then be there once; last by that name with another extension, since VDC's
 * annotations give none. A link that leads out of the folder is not taken, as in data of one's own; the folder itself
 * may be one.
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
  const leadingOut = new Map<string, string>();
  for (const entry of entries) {
    // A link may lead to a file, or nowhere; probing says whether it is a video.
    if (entry.isDirectory()) continue;
    const path = join(entry.parentPath, entry.name);
    const leads = entry.isSymbolicLink() && (await linkOut(resolve(path), resolve(folder)).catch(() => undefined));
    if (leads) leadingOut.set(path, leads);
    byPath.set(relative(folder, path).split(sep).join('/'), path);
    const stem = parse(entry.name).name;
    byName.set(entry.name, [...(byName.get(entry.name) ?? []), path]);
    byStem.set(stem, [...(byStem.get(stem) ?? []), path]);
  }
  const unlessOut = (path: string): FoundVideo => {
    const leads = leadingOut.get(path);
    return leads === undefined ? { path } : { missing: `${leads}; copy that file there` };
  };
  return (name) => {
    const exact = byPath.get(name.split('\\').join('/').replace(/^\.\//, ''));
    if (exact) return unlessOut(exact);
    const named = byName.get(basename(name)) ?? byStem.get(parse(name).name) ?? [];
    if (named.length === 1) return unlessOut(named[0]!);
    return {
      missing:
        named.length === 0
          ? `there is no ${basename(name)} in ${folder}`
          : `there are ${named.length} files for ${basename(name)} in ${folder}`,
    };
  };
}
