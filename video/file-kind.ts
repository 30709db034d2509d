import { closeSync, openSync, readSync } from 'node:fs';

const HEAD = 4096;

/**
 * The kind of a file that ffmpeg refuses, by its first bytes: ffmpeg must not open such a file.
 * `undefined`: none of these.
 */
export function kindOfFile(path: string): 'list' | 'picture' | 'text' | undefined {
  return kindOfBytes(headOf(path));
}

/** Pure. */
export function kindOfBytes(head: Uint8Array): 'list' | 'picture' | 'text' | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (PICTURES.test(bytes.toString('latin1', 0, 16))) return 'picture';
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (LISTS.test(text)) return 'list';
  return isText(bytes) ? 'text' : undefined;
}

/** JPEG, PNG, WebP, TIFF, BMP, PSD, OpenEXR, JPEG XL and JPEG 2000, as they begin. */
const PICTURES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is how they begin
  /^(\xff\xd8\xff|\x89PNG|RIFF.{4}WEBP|II\*\0|MM\0\*|BM.{4}\0{4}|8BPS|v\/1\x01|\xff\x0a|\0{3}\x0c(JXL|jP) )/s;
/** HLS, DASH and IMF, concat scripts, session descriptions, and the lists of old players. */
const LISTS =
  /^\s*(#EXTM3U|ffconcat|<\?xml|<(MPD|SmoothStreamingMedia|smil|asx|html)\b|v=0\r?\n|\[playlist\]|\[Reference\])/i;

function isText(bytes: Uint8Array): boolean {
  try {
    // A character may be cut where the head ends.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what text does not have
    return text !== '' && !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(text);
  } catch {
    return false;
  }
}

function headOf(path: string): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const head = Buffer.alloc(HEAD);
    return head.subarray(0, readSync(file, head, 0, HEAD, 0));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
