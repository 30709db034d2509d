/** One element of an EBML file (Matroska, WebM): RFC 8794. Places are bytes from the start of what it is read from. */
export interface Element {
  id: number;
  /** Of its content. */
  start: number;
  /** `undefined`: the file does not say, as live streams do not. */
  end: number | undefined;
}

/** The longest head of an element: 4 bytes of id, 8 of size. */
export const MAX_ELEMENT_HEAD = 12;

/** The element whose head is at `place` of `bytes`, which begin at byte `offset` of the file; none where it is cut. */
export function elementAt(bytes: Uint8Array, place: number, offset = 0): Element | undefined {
  const id = numberAt(bytes, place, 4, true);
  const size = id && numberAt(bytes, place + id.length, 8, false);
  if (!id || !size) return undefined;
  const start = offset + place + id.length + size.length;
  return { id: id.value, start, end: size.unknown ? undefined : start + size.value };
}

/** The elements inside `bytes[start, end)`, as far as they are whole. */
export function* elementsIn(bytes: Uint8Array, start = 0, end = bytes.length): Generator<Element & { end: number }> {
  for (let place = start; place < end; ) {
    const element = elementAt(bytes, place);
    if (!element) return;
    // An element of unknown size reaches to the end of what holds it.
    const whole = { ...element, end: element.end ?? end };
    if (whole.end > end) return;
    yield whole;
    place = whole.end;
  }
}

/** An unsigned number of up to 6 bytes. */
export function unsignedOf(bytes: Uint8Array, { start, end }: { start: number; end: number }): number {
  let value = 0;
  for (let place = start; place < end; place++) value = value * 256 + bytes[place]!;
  return value;
}

/** EBML's numbers of variable length: the zeros in front of the first 1 say how many bytes follow. */
function numberAt(bytes: Uint8Array, place: number, longest: number, withMarker: boolean) {
  const first = bytes[place];
  if (first === undefined || first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (length > longest || place + length > bytes.length) return undefined;
  let value = withMarker ? first : first & (0xff >> length);
  let ones = (first & (0xff >> length)) === 0xff >> length;
  for (let i = 1; i < length; i++) {
    const byte = bytes[place + i]!;
    ones &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value, length, unknown: ones };
}
