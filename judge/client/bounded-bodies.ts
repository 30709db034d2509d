/** Bytes of a response: more than a thousand times what an answer of ours has. */
const MOST_BYTES = 2 ** 24;

/** A response is longer than any answer: an endpoint that never stops writing must not fill the memory. */
export class EndlessAnswer extends Error {
  constructor() {
    super(`answers with more than ${MOST_BYTES / 2 ** 20} MiB`);
  }
}

/** A `fetch` whose responses end with `EndlessAnswer` where they are too long. */
export function boundedBodies(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    if (!response.body) return response;
    let bytes = 0;
    const counted = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > MOST_BYTES) controller.error(new EndlessAnswer());
        else controller.enqueue(chunk);
      },
    });
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(counted), { status, statusText, headers });
  };
}
