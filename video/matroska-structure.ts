import { type Element, elementAt, elementsIn, MAX_ELEMENT_HEAD, unsignedOf } from './ebml.ts';
import type { Fault } from './file-fault.ts';
import type { FilePages } from './file-pages.ts';

/** https://www.matroska.org/technical/elements.html */
const ID = { segment: 0x18538067, tracks: 0x1654ae6b, cluster: 0x1f43b675, cues: 0x1c53bb6b } as const;
const TRACK = { entry: 0xae, type: 0x83, codec: 0x86, video: 0xe0, alpha: 0x53c0 } as const;
const CODING = { encodings: 0x6d80, encoding: 0x6240, type: 0x5033 } as const;
const BLOCKS: ReadonlySet<number> = new Set([0xa3, 0xa0]);
const VIDEO = 1;
const ENCRYPTION = 1;
/** The descriptions of the tracks are some hundred bytes, and some MB with fonts or pictures in them. */
const MAX_TRACKS = 2 ** 26;

/** Walks the elements of a Matroska or WebM file: only heads are read, and the descriptions of the tracks. */
export async function faultOfMatroska(pages: FilePages): Promise<Fault | undefined> {
  let promised = 0;
  let last: Element | undefined;
  let hasPictures = false;
  for (let place = 0; place < pages.size; ) {
    const element = elementAt(await pages.read(place, MAX_ELEMENT_HEAD), 0, place);
    // A head that is cut, or zeros behind the end.
    if (!element) break;
    const isCluster = element.id === ID.cluster;
    if (element.id === ID.segment) promised = element.end ?? 0;
    if (element.end !== undefined && element.end > pages.size && element.id !== ID.segment)
      // What follows the pictures is not needed to show them.
      return isCluster || BLOCKS.has(element.id) || !hasPictures ? 'cut short' : undefined;
    if (element.id === ID.tracks && element.end && element.end - element.start <= MAX_TRACKS)
      if (isEncrypted(await pages.read(element.start, element.end - element.start))) return 'encrypted';
    hasPictures ||= isCluster;
    last = element;
    // Inside a segment, and inside a cluster that does not say its size.
    place = element.id === ID.segment || element.end === undefined ? element.start : element.end;
  }
  const endsInPictures = last !== undefined && (last.id === ID.cluster || BLOCKS.has(last.id) || !hasPictures);
  return promised > pages.size && endsInPictures ? 'cut short' : undefined;
}

/** Whether the first track with moving pictures is encrypted (RFC 9559, 5.1.4.1.31). */
function isEncrypted(tracks: Buffer): boolean {
  const inside = insideOf(tracks);
  return videoTrack(tracks)
    .filter(({ id }) => id === CODING.encodings)
    .flatMap(inside)
    .filter(({ id }) => id === CODING.encoding)
    .flatMap(inside)
    .some((part) => part.id === CODING.type && unsignedOf(tracks, part) === ENCRYPTION);
}

/**
 * The codec of a file's moving pictures (`V_VP9`) where they have a second stream with their transparency
 * (`AlphaMode`).
 */
export async function codecWithAlpha(pages: FilePages): Promise<string | undefined> {
  for (let place = 0; place < pages.size; ) {
    const element = elementAt(await pages.read(place, MAX_ELEMENT_HEAD), 0, place);
    if (!element || element.id === ID.cluster) return undefined;
    if (element.id === ID.tracks && element.end && element.end - element.start <= MAX_TRACKS) {
      const tracks = Buffer.from(await pages.read(element.start, element.end - element.start));
      const track = videoTrack(tracks);
      const hasAlpha = track
        .filter(({ id }) => id === TRACK.video)
        .flatMap(insideOf(tracks))
        .some((part) => part.id === TRACK.alpha && unsignedOf(tracks, part) === 1);
      const codec = track.find(({ id }) => id === TRACK.codec);
      return hasAlpha && codec ? tracks.toString('latin1', codec.start, codec.end) : undefined;
    }
    place = element.id === ID.segment || element.end === undefined ? element.start : element.end;
  }
  return undefined;
}

type Whole = Element & { end: number };
const insideOf = (tracks: Buffer) => (element: Whole) => [...elementsIn(tracks, element.start, element.end)];

/** What describes the first track with moving pictures; empty where there is none. */
function videoTrack(tracks: Buffer): Whole[] {
  const entries = [...elementsIn(tracks)].filter(({ id }) => id === TRACK.entry).map(insideOf(tracks));
  return (
    entries.find((parts) => parts.some((part) => part.id === TRACK.type && unsignedOf(tracks, part) === VIDEO)) ?? []
  );
}
