/**
 * A fault that the structure of a file shows: pictures are missing at its end, they are encrypted, or it
 * is one picture (AVIF, HEIC) of which ffmpeg may show a tile alone. ffmpeg
 * passes over the first two in many containers, and its log words it so that a title could look the same.
 */
export type Fault = 'cut short' | 'encrypted' | 'picture';
