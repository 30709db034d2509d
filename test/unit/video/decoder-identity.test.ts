import { expect, test } from 'vitest';
import { decoderIdentity, ffmpegIdentity } from '../../../video/decoder-identity.ts';

/** The first lines of `ffmpeg -version` of a build of ffmpeg 9. */
const ABOUT = `ffmpeg version n9.0.2-17-g2a571b6068-20260930 Copyright (c) 2000-2026 the FFmpeg developers
built with gcc 16.2.0 (crosstool-NG 1.29.0.7_b1a94f6)
configuration: --enable-gpl --enable-libdav1d
libavutil      61.  1.102 / 61.  1.102
libavcodec     63.  1.102 / 63.  1.102
libavformat    63.  1.102 / 63.  1.102
libavdevice    63.  1.102 / 63.  1.102
libavfilter    12.  1.102 / 12.  1.102
libswscale     10.  1.102 / 10.  1.102
libswresample   7.  1.102 /  7.  1.102
`;

test('names ffmpeg, the libraries that make pixels, and the build', () => {
  expect(ffmpegIdentity(ABOUT)).toEqual({
    ffmpeg: 'n9.0.2-17-g2a571b6068-20260930',
    libavutil: '61.1.102',
    libavcodec: '63.1.102',
    libavformat: '63.1.102',
    libavfilter: '12.1.102',
    libswscale: '10.1.102',
    ffmpegBuild: expect.stringMatching(/^[0-9a-f]{12}$/),
  });
});

test('a build with another decoder is another one', () => {
  const other = ABOUT.replace('libdav1d', 'libaom');
  expect(ffmpegIdentity(other).ffmpegBuild).not.toBe(ffmpegIdentity(ABOUT).ffmpegBuild);
});

test('a program that says less of itself has fewer facts', () => {
  expect(ffmpegIdentity('ffmpeg version 7.1')).toEqual({ ffmpeg: '7.1' });
});

test('the ffmpeg of this machine has libraries and a processor', async () => {
  expect(await decoderIdentity()).toMatchObject({
    libavcodec: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    processor: expect.any(String),
  });
});
