/**
 * What can be told of a file by its structure alone: pictures are missing at its end, or they are encrypted. ffmpeg
 * passes over both in many containers, and says it in words that could also be a title.
 */
export type Fault = 'cut short' | 'encrypted';
