import protobuf from 'protobufjs/minimal.js';
import { crc32c } from './crc32c.ts';

const { Reader, Writer } = protobuf;

/** A scalar of a step, as TensorBoard shows it. */
export interface Point {
  tag: string;
  step: number;
  /** Seconds since the epoch. */
  time: number;
  value: number;
}

/** Fields of `tensorboard.compat.proto`: `Event`, `Summary` and `Summary.Value`. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, simpleValue: 2 } as const;
const [FIXED64, VARINT, BYTES, FIXED32] = [1, 0, 2, 5];

/** What a file begins with. @param time seconds since the epoch. */
export function versionEvent(time: number): Buffer {
  const event = Writer.create().uint32(tagOf(EVENT.wallTime, FIXED64)).double(time);
  return framed(event.uint32(tagOf(EVENT.fileVersion, BYTES)).string('brain.Event:2').finish());
}

/** The points of one step and one moment. */
export function scalarEvent(points: readonly Point[]): Buffer {
  const { time, step } = points[0]!;
  const event = Writer.create().uint32(tagOf(EVENT.wallTime, FIXED64)).double(time);
  if (step !== 0) event.uint32(tagOf(EVENT.step, VARINT)).int64(step); // proto3 leaves out what is zero
  event.uint32(tagOf(EVENT.summary, BYTES)).fork();
  for (const { tag, value } of points) {
    event.uint32(tagOf(SUMMARY_VALUE, BYTES)).fork();
    event.uint32(tagOf(VALUE.tag, BYTES)).string(tag);
    event.uint32(tagOf(VALUE.simpleValue, FIXED32)).float(value).ldelim();
  }
  return framed(event.ldelim().finish());
}

/**
 * The steps and tags of a file that `scalarEvent` has written, as `<step> <tag>`, and the bytes that are whole: a
 * writer that died leaves half a record at the end.
 */
export function pointsIn(file: Buffer): { known: Set<string>; whole: number } {
  const known = new Set<string>();
  let whole = 0;
  while (file.length - whole >= 16) {
    const length = Number(file.readBigUInt64LE(whole));
    const end = whole + 16 + length;
    const data = file.subarray(whole + 12, end - 4);
    if (end > file.length || file.readUInt32LE(end - 4) !== masked(data)) break;
    for (const [step, tag] of namesIn(data)) known.add(`${step} ${tag}`);
    whole = end;
  }
  return { known, whole };
}

function namesIn(data: Buffer): [step: number, tag: string][] {
  const reader = Reader.create(data);
  const tags: string[] = [];
  let step = 0;
  while (reader.pos < reader.len) {
    const key = reader.uint32();
    if (key === tagOf(EVENT.step, VARINT)) step = Number(reader.int64());
    else if (key !== tagOf(EVENT.summary, BYTES)) reader.skipType(key & 7);
    else {
      const end = reader.uint32() + reader.pos;
      while (reader.pos < end) {
        reader.uint32();
        const value = Reader.create(reader.bytes());
        if (value.uint32() === tagOf(VALUE.tag, BYTES)) tags.push(value.string());
      }
    }
  }
  return tags.map((tag) => [step, tag]);
}

function tagOf(field: number, type: number): number {
  return (field << 3) | type;
}

/** A record of TensorFlow's format: length, its checksum, the data, its checksum. */
function framed(data: Uint8Array): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(data.length));
  head.writeUInt32LE(masked(head.subarray(0, 8)), 8);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(masked(data));
  return Buffer.concat([head, data, tail]);
}

/** Rotated, with a constant added: what is stored is never the checksum of what it is part of. */
function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
