/** A box of ISO/IEC 14496-12 (MP4, QuickTime). Places are bytes from the start of what it is read from. */
export interface Box {
  name: string;
  /** Of its content. */
  start: number;
  end: number;
}

/** The box whose head is at `place`; one that says 0 reaches to `end`. */
export function boxAt(bytes: Buffer, place: number, end: number): Box | undefined {
  if (place + 8 > bytes.length) return undefined;
  const name = bytes.toString('latin1', place + 4, place + 8);
  if (!/^[ -~\xa9]{4}$/.test(name)) return undefined;
  const size = bytes.readUInt32BE(place);
  if (size === 0) return { name, start: place + 8, end };
  if (size >= 8) return { name, start: place + 8, end: place + size };
  if (size !== 1 || place + 16 > bytes.length) return undefined;
  const long = Number(bytes.readBigUInt64BE(place + 8));
  return long >= 16 ? { name, start: place + 16, end: place + long } : undefined;
}

/** The boxes between two places, as far as they are whole. */
export function* boxesIn(bytes: Buffer, { start, end }: { start: number; end: number }): Generator<Box> {
  for (let place = start; place < end; ) {
    const box = boxAt(bytes, place, end);
    if (!box || box.end > end) return;
    yield box;
    place = box.end;
  }
}

/** The first box of these names, each inside the one before. */
export function find(bytes: Buffer, within: { start: number; end: number }, ...names: string[]): Box | undefined {
  let found: Box | undefined;
  for (const name of names) {
    found = [...boxesIn(bytes, found ?? within)].find((box) => box.name === name);
    if (!found) return undefined;
  }
  return found;
}

/** All of what is read. */
export const all = (bytes: Buffer) => ({ start: 0, end: bytes.length });

/** A number of 4 bytes; 0 where they are missing. */
export function numberAt(bytes: Buffer, place: number): number {
  return place + 4 <= bytes.length ? bytes.readUInt32BE(place) : 0;
}

/** A number of 8 bytes; 0 where they are missing. */
export function longAt(bytes: Buffer, place: number): number {
  return place + 8 <= bytes.length ? Number(bytes.readBigUInt64BE(place)) : 0;
}
