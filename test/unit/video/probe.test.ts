import { expect, test } from 'vitest';
import { readPackets } from '../../../video/probe.ts';

const table = (header: Record<string, string>, packets: readonly [pts: number, duration: number][]) =>
  [
    ...Object.entries(header).map(([name, value]) => `#${name} 0: ${value}`),
    ...packets.map(
      ([pts, duration], i) =>
        `0, ${String(i - 2).padStart(10)}, ${pts}, ${duration}, 300, 0x15e48e08${i ? ', F=0x0' : ''}`,
    ),
  ].join('\n');
const usual = { tb: '1/1000', media_type: 'video', codec_id: 'h264', dimensions: '160x120', sar: '1/1' };

test('measures from the first frame to the end of the last one, whatever the order of packets', () => {
  const info = readPackets(
    table(usual, [
      [500, 100],
      [900, 250],
      [700, 100],
    ]),
  );
  expect(info).toEqual({
    durationSeconds: 0.65,
    frames: 3,
    framesPerSecond: 3 / 0.65,
    codec: 'h264',
    timeline: expect.objectContaining({ begins: [500_000, 700_000, 900_000], stated: true }),
  });
});

test('lets the last frame last as long as the others where the container does not say', () => {
  const packets = [0, 100, 200].map((pts): [number, number] => [pts, 0]);
  expect(readPackets(table(usual, packets)).durationSeconds).toBeCloseTo(0.3);
});

test('knows a single frame', () => {
  expect(readPackets(table(usual, [[0, 0]]))).toMatchObject({ frames: 1, durationSeconds: 0, framesPerSecond: 0 });
});

test('does not show what an edit list hides, however the packets are ordered', () => {
  const packets = [
    [-300, 100, 'F=0x5'],
    [-100, 100, 'F=0x4'],
    [-200, 100, 'F=0x4'],
    [100, 100, 'F=0x0'],
    [0, 100, 'F=0x0'],
  ].map(([pts, ticks, flags], i) => `0, ${i}, ${pts}, ${ticks}, 300, 0x15e48e08, ${flags}`);
  const header = table(usual, []);
  const { frames, durationSeconds, timeline } = readPackets([header, ...packets].join('\n'));
  expect({ frames, durationSeconds, begins: timeline.begins }).toEqual({
    frames: 2,
    durationSeconds: 0.2,
    begins: [0, 100_000],
  });
});

test('does not show what depends on what was cut away: shown before the first key frame, stored behind it', () => {
  const packets = [
    '300, 100, 300, 0x1',
    '100, 100, 300, 0x1, F=0x0',
    '200, 100, 300, 0x1, F=0x0',
    '400, 100, 300, 0x1',
  ];
  const lines = packets.map((packet, i) => `0, ${i}, ${packet}`);
  const { frames, timeline } = readPackets([table(usual, []), ...lines].join('\n'));
  expect([frames, timeline.begins]).toEqual([2, [300_000, 400_000]]);
  // Unless the decoder does show one of them, which depends on what is there.
  const facts = { firstDecoded: [200_000, 300_000] };
  const { timeline: led } = readPackets([table(usual, []), ...lines].join('\n'), facts);
  expect(led.begins).toEqual([200_000, 300_000, 400_000]);
  expect(led.steps.map(({ hidden }) => hidden)).toEqual([false, true, false, false]);
});

test('counts from one frame to the next where a container says when to decode and not when to show', () => {
  const unknown = '-9223372036854775808';
  const lines = [0, 1, 2, 3].map((i) => `0, ${i * 40}, ${i === 1 ? i : unknown}, 40, 300, 0x1${i ? ', F=0x0' : ''}`);
  const { frames, durationSeconds } = readPackets([table(usual, []), ...lines].join('\n'));
  expect([frames, durationSeconds]).toEqual([4, 0.16]);
});

test('counts frames whose packets are missing beside a damaged one; other gaps are frames shown for long', () => {
  const packets = (flags: string) =>
    [0, 40, 80, 400, 440, 480]
      .map((at) => `0, ${at}, ${at}, 40, 300, 0x1${at === 400 ? flags : at === 0 ? '' : ', F=0x0'}`)
      .join('\n');
  const header = table(usual, []);
  expect(readPackets(`${header}\n${packets(', F=0x2, S=1, MPEGTS Stream ID,        1, 0x00e000e0')}`).frames).toBe(13);
  expect(readPackets(`${header}\n${packets(', F=0x0')}`).frames).toBe(6);
});

test('counts a gap between regular frames beside a damaged packet, or where packets were lost without a mark', () => {
  const at = [...Array(20).keys(), ...Array(20).keys()].map((i, n) => (n < 20 ? i : i + 40) * 3600);
  const framesOf = (flags: string, lost = false) =>
    readPackets(
      [
        table({ ...usual, tb: '1/90000' }, []),
        ...at.map((time, n) => {
          const flag = n === 20 ? flags : 'F=0x0';
          return `0, ${time}, ${time}, 3600, 300, 0x1, ${flag}, S=1, MPEGTS Stream ID,        1, 0x00e000e0`;
        }),
      ].join('\n'),
      { lostPackets: lost },
    ).frames;
  expect(framesOf('F=0x0')).toBe(40);
  expect(framesOf('F=0x2')).toBe(60);
  expect(framesOf('F=0x0', true)).toBe(60);
});

test('does not count the empty packets by which AVI shows a picture for longer', () => {
  const lines = [300, 0, 0, 300].map((size, i) => `0, ${i * 40}, ${i * 40}, 40, ${size}, 0x1`);
  expect(readPackets([table(usual, []), ...lines].join('\n'))).toMatchObject({ frames: 2, durationSeconds: 0.16 });
});

test('refuses a table without frames', () => {
  expect(() => readPackets(table(usual, []))).toThrow('no video frames');
});
