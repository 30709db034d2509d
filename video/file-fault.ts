/**
 * A fault that the structure of a file shows: pictures are missing at its end, they are encrypted, it is a single
 * picture (AVIF, HEIC), of which ffmpeg may show one tile alone, or it is a segment of a stream, whose header is
 * another file. In many containers ffmpeg ignores the first two, and its log about them cannot be told from a title of
 * the file.
 */
export type Fault = 'cut short' | 'encrypted' | 'picture' | 'segment';
