import { expect, test } from 'vitest';
import { responseText } from '../../../core/response-text.ts';

test('an answer that fits is whole', async () => {
  expect(await responseText(new Response('häuser'), 7)).toEqual({ text: 'häuser', whole: true });
  expect(await responseText(new Response(null, { status: 204 }), 7)).toEqual({ text: '', whole: true });
});

test('of a longer one the beginning is read, and of an endless one no more', async () => {
  expect(await responseText(new Response('12345678'), 7)).toEqual({ text: '1234567', whole: false });
  let pieces = 0;
  let closed = false;
  const endless = new ReadableStream({
    pull: (stream) => stream.enqueue(new Uint8Array(10).fill(65 + pieces++)),
    cancel() {
      closed = true;
    },
  });
  expect(await responseText(new Response(endless), 25)).toEqual({ text: 'AAAAAAAAAABBBBBBBBBBCCCCC', whole: false });
  expect(pieces).toBeLessThan(6);
  expect(closed).toBe(true);
});

test('an answer that breaks off is none', async () => {
  const broken = new ReadableStream({ pull: (stream) => stream.error(new TypeError('terminated')) });
  await expect(responseText(new Response(broken), 25)).rejects.toThrow('terminated');
});
