/**
 * The most bytes of one payload: what a stage, a workflow, a query or a heartbeat takes or gives, as JSON. Temporal
 * refuses one of 2 MiB, and a message of 4 MiB, of which several payloads may be part. Half of the former leaves room.
 * Whatever grows with a step's completions, a data set or a benchmark's clips goes through the artifact store.
 */
export const MOST_PAYLOAD_BYTES = 2 ** 20;

/** The bytes of a value as JSON, encoded as UTF-8. */
export function payloadBytes(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value) ?? '').byteLength;
}

/** The sentence for a payload that is too large, or `undefined`. @param what `The result of updatePolicy`. */
export function tooLarge(what: string, value: unknown): string | undefined {
  const bytes = payloadBytes(value);
  if (bytes <= MOST_PAYLOAD_BYTES) return undefined;
  return (
    `${what} has ${bytes} bytes, more than the ${MOST_PAYLOAD_BYTES} that one payload may have: make the config, its ` +
    'names and its lists shorter. Where they are short, this is a defect; report it with this sentence.'
  );
}
