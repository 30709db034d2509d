import { expect, it } from 'vitest';
import { listenAddress } from '../../../workers/listen-address.ts';

it.each([
  ['9100', { host: '127.0.0.1', port: 9100 }],
  ['0.0.0.0:9100', { host: '0.0.0.0', port: 9100 }],
  ['[::1]:9100', { host: '::1', port: 9100 }],
  ['worker-1.local:1', { host: 'worker-1.local', port: 1 }],
  ['', undefined],
  [undefined, undefined],
])('%s', (text, address) => {
  expect(listenAddress('VIDEOCAP_HEALTH', text)).toEqual(address);
});

it.each(['0', '70000', ':9100', 'http://127.0.0.1:9100', '::1:9100', 'a b:1', '-1'])('refuses %s', (text) => {
  expect(() => listenAddress('VIDEOCAP_HEALTH', text)).toThrow(
    `VIDEOCAP_HEALTH is "${text}"; set it to an address such as 127.0.0.1:9100.`,
  );
});
