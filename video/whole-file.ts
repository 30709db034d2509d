import { VideocapError } from '../core/errors.ts';
import type { Fault } from './file-fault.ts';
import { FilePages } from './file-pages.ts';
import { faultOfMatroska } from './matroska-structure.ts';
import { faultOfMp4 } from './mp4-structure.ts';
import { faultOfAsf, faultOfAvi, faultOfFlv, faultOfOgg, faultOfRealMedia, faultOfTs } from './stream-structures.ts';
import { shownPath } from './video-errors.ts';

/** @throws VideocapError `InvalidVideo` for a file whose structure has a fault. Containers not known here pass. */
export async function refuseUnreadable(path: string): Promise<void> {
  const fault = await faultOf(path);
  if (fault === 'cut short') throw new VideocapError('InvalidVideo', 'it is cut short, the end of the file is missing');
  if (fault === 'picture')
    throw new VideocapError(
      'InvalidVideo',
      `${shownPath(path)} is an AVIF or HEIC picture, which is not read here; save it as a PNG or JPEG.`,
    );
  if (fault === 'segment')
    throw new VideocapError(
      'InvalidVideo',
      `Video ${shownPath(path)} is a segment of a stream, whose header is in another file, mostly init.mp4; join ` +
        'them: cat init.mp4 <segments> > whole.mp4.',
    );
  if (fault === 'encrypted')
    throw new VideocapError(
      'InvalidVideo',
      `Video ${shownPath(path)} cannot be read: its pictures are encrypted; decrypt the file with its key first, an ` +
        'mp4 so: ffmpeg -decryption_key <key> -i <file> -c copy decrypted.mp4.',
    );
}

export function faultOf(path: string): Promise<Fault | undefined> {
  return FilePages.use(path, async (pages) => {
    const head = Buffer.from(await pages.read(0, 1024));
    return head.length < SHORTEST ? undefined : KINDS.find(({ is }) => is(head))?.fault(pages);
  }).catch((error: NodeJS.ErrnoException) => {
    // ffmpeg cannot read such a file either, and its error becomes the sentence.
    if (error.code === 'EACCES' || error.code === 'EPERM') return undefined;
    throw error;
  });
}

/** Whether a file is a QuickTime, MP4, Matroska or WebM file: these mostly say when each picture is shown. */
export function saysWhenShown(path: string): Promise<boolean> {
  return FilePages.use(path, async (pages) => {
    const head = Buffer.from(await pages.read(0, SHORTEST));
    return beginsAsMp4(head) || beginsAsMatroska(head);
  }).catch(() => false);
}

/** A shorter file is no video; ffmpeg refuses it. */
const SHORTEST = 32;

const named = (place: number, name: RegExp) => (head: Buffer) => name.test(head.toString('latin1', place, place + 16));
const begins = (hex: string) => (head: Buffer) => head.toString('hex', 0, hex.length / 2) === hex;

const beginsAsMp4 = named(4, /^(ftyp|styp|moov|mdat|moof|wide|skip|free|pnot)/);
const beginsAsMatroska = begins('1a45dfa3');

const KINDS: readonly { is: (head: Buffer) => boolean; fault: (pages: FilePages) => Promise<Fault | undefined> }[] = [
  { is: beginsAsMp4, fault: faultOfMp4 },
  { is: beginsAsMatroska, fault: faultOfMatroska },
  { is: named(0, /^RIFF.{4}AVI /s), fault: faultOfAvi },
  { is: begins('464c5601'), fault: faultOfFlv },
  { is: begins('3026b2758e66cf11a6d900aa0062ce6c'), fault: faultOfAsf },
  { is: named(0, /^\.RMF/), fault: faultOfRealMedia },
  { is: named(0, /^OggS/), fault: faultOfOgg },
  // Last, since it has no name in front.
  { is: (head) => [188, 192, 204].some((grid) => isTs(head, grid)), fault: faultOfTs },
];

function isTs(head: Buffer, grid: number): boolean {
  const first = head.indexOf(0x47);
  return first >= 0 && first < grid && [1, 2, 3].every((i) => head[first + i * grid] === 0x47);
}
