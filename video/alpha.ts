import { findFfmpeg } from './ffmpeg-binary.ts';
import { FilePages } from './file-pages.ts';
import { codecWithAlpha } from './matroska-structure.ts';

/** Decoders of the transparency that WebM keeps beside VP8 and VP9; those that ffmpeg prefers leave it out. */
const DECODERS: Readonly<Record<string, string>> = { V_VP8: 'libvpx', V_VP9: 'libvpx-vp9' };
const MATROSKA = '1a45dfa3';

/**
 * Pictures on white, as web pages show them: premultiplied negatives, so that what is transparent becomes white.
 * @param format of planes with the depth of the source: `gbrap`.
 */
export const onWhite = (format: 'gbrap' | 'gbrap16le'): string[] => [
  `format=${format}`,
  ...['negate', 'premultiply=inplace=1', 'negate'],
];

/** ffmpeg's options of an input whose pictures are decoded with their transparency. */
export async function alphaDecoder(path: string): Promise<string[]> {
  const codec = await FilePages.use(path, async (pages) =>
    (await pages.read(0, 4)).toString('hex') === MATROSKA ? codecWithAlpha(pages) : undefined,
  ).catch(() => undefined);
  const decoder = DECODERS[codec ?? ''];
  if (decoder === undefined) return [];
  const { about } = await findFfmpeg();
  return about.includes('--enable-libvpx') ? ['-c:v', decoder] : [];
}
