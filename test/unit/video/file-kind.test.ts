import { expect, test } from 'vitest';
import { kindOfBytes } from '../../../video/file-kind.ts';

test.each([
  ['an HLS playlist', '#EXTM3U\n#EXTINF:3,\na.ts\n', 'list'],
  ['one with a byte order mark', '\uFEFF#EXTM3U\n', 'list'],
  ['a concat script', "ffconcat version 1.0\nfile 'a.mp4'\n", 'list'],
  ['a DASH description', '<?xml version="1.0"?><MPD/>', 'list'],
  ['a session description', 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n', 'list'],
  ['a PNG', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'picture'],
  ['a JPEG', Buffer.from('ffd8ffe000104a464946', 'hex'), 'picture'],
  ['a WebP', Buffer.from('RIFF\n\0\0\0WEBPVP8 ', 'latin1'), 'picture'],
  ['a sentence', 'A dog runs over the grass.\n', 'text'],
  ['one in Chinese, cut in a character', Buffer.from('一只狗跑过草地').subarray(0, 20), 'text'],
  ['an AVI', Buffer.from('RIFF\n\0\0\0AVI LIST', 'latin1'), undefined],
  ['an mp4', Buffer.from('\0\0\0 ftypisom\0\0\x02\0', 'latin1'), undefined],
  ['a zip', 'PK\x03\x04\x14\0', 'archive'],
  ['a gzip', Buffer.from('1f8b08000000', 'hex'), 'archive'],
  ['an xz', Buffer.from('fd377a585a00', 'hex'), 'archive'],
  ['a tar', `${'clips/a.mp4'.padEnd(257, '\0')}ustar\0`, 'archive'],
  ['a pointer of Git LFS', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1\n', 'pointer'],
  ['space that nothing was written to', Buffer.alloc(4096), 'zeros'],
  ['nothing', '', undefined],
])('%s', (_, bytes, kind) => {
  expect(kindOfBytes(Buffer.from(bytes as string))).toBe(kind);
});
