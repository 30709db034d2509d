/** How picture formats are recognised: by their first bytes, whatever their names end with. */
export type PictureFormat = 'png' | 'jpeg' | 'webp';

/** The format of a picture that does not move; `undefined` for animations, which are videos, and anything else. */
export function pictureFormat(bytes: Buffer): PictureFormat | undefined {
  if (bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n') return isAnimatedPng(bytes) ? undefined : 'png';
  if (bytes.subarray(0, 3).toString('hex') === 'ffd8ff') return 'jpeg';
  if (bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP')
    return isAnimatedWebp(bytes) ? undefined : 'webp';
  return undefined;
}

/** An animation control chunk must come before the image data (PNG, third edition, 11.3.6.1). */
function isAnimatedPng(bytes: Buffer): boolean {
  const [control, data] = [bytes.indexOf('acTL'), bytes.indexOf('IDAT')];
  return control > 0 && (data < 0 || control < data);
}

/** The animation flag of the extended header (WebP container specification). */
function isAnimatedWebp(bytes: Buffer): boolean {
  return bytes.toString('latin1', 12, 16) === 'VP8X' && bytes.length > 20 && (bytes[20]! & 0b10) !== 0;
}

/** Whether a picture ends before its data do: decoders would fill the rest with grey. */
export function isCutShort(bytes: Buffer, format: PictureFormat): boolean {
  if (format === 'png') return bytes.lastIndexOf('IEND') < 0;
  if (format === 'webp') return bytes.length < 12 || bytes.readUInt32LE(4) + 8 > bytes.length;
  // A thumbnail in the header has an end of its own, but no scan follows the picture's.
  return bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) < bytes.lastIndexOf(Buffer.from([0xff, 0xda]));
}

const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * How a JPEG asks viewers to turn it (Exif 2.3, tag 274): 1 to 8, 1 for not at all and for everything that cannot be
 * read. Above 4, width and height change places.
 */
export function orientationOf(jpeg: Buffer): number {
  for (let at = 2; at + 10 <= jpeg.length && jpeg[at] === 0xff; at += 2 + jpeg.readUInt16BE(at + 2)) {
    const marker = jpeg[at + 1]!;
    if (marker === 0xda) break;
    if (marker === 0xe1 && jpeg.toString('latin1', at + 4, at + 10) === 'Exif\0\0')
      return tiffOrientation(jpeg.subarray(at + 10, at + 2 + jpeg.readUInt16BE(at + 2)));
  }
  return 1;
}

function tiffOrientation(tiff: Buffer): number {
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const short = (at: number) => (at + 2 <= tiff.length ? tiff[little ? 'readUInt16LE' : 'readUInt16BE'](at) : 0);
  const directory = tiff.length >= 8 ? tiff[little ? 'readUInt32LE' : 'readUInt32BE'](4) : 0;
  const entries = short(directory);
  for (let at = directory + 2; at < directory + 2 + entries * 12 && at + 12 <= tiff.length; at += 12)
    if (short(at) === ORIENTATION && short(at + 2) === SHORT) {
      const orientation = short(at + 8);
      return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
  return 1;
}
