/** The beginning of an answer: its text, and whether that is all of it. */
export interface ResponseText {
  text: string;
  whole: boolean;
}

/**
 * The text of an answer over HTTP, up to a number of bytes, once it is unpacked: a server might send for ever, or
 * gigabytes. A longer one is not read further, and its connection is closed.
 */
export async function responseText({ body }: Response, most: number): Promise<ResponseText> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    parts.push(part);
    bytes += part.byteLength;
    if (bytes > most) break;
  }
  const text = Buffer.concat(parts, Math.min(bytes, most)).toString('utf8');
  return { text, whole: bytes <= most };
}
