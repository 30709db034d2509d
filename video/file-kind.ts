import { closeSync, openSync, readSync } from 'node:fs';

const HEAD = 4096;

/** Of a file that is no video. `pointer`: to a file in Git LFS; `zeros`: space for a download that was not finished. */
export type FileKind = 'list' | 'picture' | 'text' | 'archive' | 'pointer' | 'zeros';

/** The kind of a file that ffmpeg refuses, by its first bytes. `undefined`: none of these. */
export function kindOfFile(path: string): FileKind | undefined {
  return kindOfBytes(headOf(path));
}

/** Pure. */
export function kindOfBytes(head: Uint8Array): FileKind | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length > 0 && bytes.every((byte) => byte === 0)) return 'zeros';
  if (ARCHIVES.test(bytes.toString('latin1', 0, 8)) || bytes.toString('latin1', 257, 262) === 'ustar') return 'archive';
  if (PICTURES.test(bytes.toString('latin1', 0, 16))) return 'picture';
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  if (text.startsWith('version https://git-lfs')) return 'pointer';
  if (LISTS.test(text)) return 'list';
  return isText(bytes) ? 'text' : undefined;
}

/** Zip, gzip, bzip2, xz, Zstandard, 7z and RAR, as they begin; tar has its name behind the first file's. */
const ARCHIVES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is how they begin
  /^(PK\x03\x04|\x1f\x8b|BZh\d|\xfd7zXZ\0|\(\xb5\/\xfd|7z\xbc\xaf\x27\x1c|Rar!\x1a)/;
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
