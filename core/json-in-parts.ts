import { nextTurn, turnIsOver } from './turns.ts';

/** Arrays and objects are taken apart down to this depth: a completion of a rollout, a row of a step's scores. */
const DEPTH = 4;
/** Bytes of a value that is read at once. */
const AT_ONCE = 64 * 1024;
/** Characters that become bytes at once. */
const TEXT = 1024 * 1024;

/** The UTF-8 of `JSON.stringify(value)` and a line break, made in parts: a step's rollout has hundreds of megabytes. */
export async function jsonBytes(value: unknown): Promise<Buffer> {
  const buffers: Buffer[] = [];
  let text = '';
  for (const part of partsOf(value, DEPTH)) {
    text += part;
    if (text.length > TEXT) {
      buffers.push(Buffer.from(text));
      text = '';
    }
    if (turnIsOver()) await nextTurn();
  }
  return Buffer.concat([...buffers, Buffer.from(`${text}\n`)]);
}

function* partsOf(value: unknown, depth: number): Generator<string> {
  if (depth === 0 || typeof value !== 'object' || value === null || 'toJSON' in value) {
    yield JSON.stringify(value) ?? 'null';
  } else if (Array.isArray(value)) {
    let before = '[';
    for (const each of value) {
      yield before;
      yield* partsOf(each, depth - 1);
      before = ',';
    }
    yield before === '[' ? '[]' : ']';
  } else {
    let before = '{';
    for (const [name, each] of Object.entries(value)) {
      if (each === undefined || typeof each === 'function' || typeof each === 'symbol') continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* partsOf(each, depth - 1);
      before = ',';
    }
    yield before === '{' ? '{}' : '}';
  }
}

/** `JSON.parse` of UTF-8, in parts where there is much of it. @throws SyntaxError. */
export async function parseJsonBytes(bytes: Buffer): Promise<unknown> {
  if (bytes.length > AT_ONCE) {
    const reading = new Reading(bytes);
    const value = await reading.value(DEPTH);
    if (reading.isDone) return value;
  }
  // The message of a fault, too.
  return JSON.parse(bytes.toString('utf8'));
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [...Buffer.from('"\\,:')] as [number, number, number, number];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [...Buffer.from('[]{}')] as [
  number,
  number,
  number,
  number,
];

/** Reads from left to right. What is no JSON ends it early, or ends in a SyntaxError. */
class Reading {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return !this.#failed && this.#next() === undefined;
  }

  async value(depth: number): Promise<unknown> {
    if (turnIsOver()) await nextTurn();
    const first = this.#next();
    const isContainer = first === OPEN_ARRAY || first === OPEN_OBJECT;
    const end = this.#end(isContainer && depth > 0 ? this.#at + AT_ONCE : Number.POSITIVE_INFINITY);
    if (end === undefined) return first === OPEN_ARRAY ? this.#array(depth) : this.#object(depth);
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end;
    return JSON.parse(text);
  }

  async #array(depth: number): Promise<unknown[]> {
    const values: unknown[] = [];
    do {
      this.#at++;
      values.push(await this.value(depth - 1));
    } while (this.#next() === COMMA);
    this.#take(CLOSE_ARRAY);
    return values;
  }

  async #object(depth: number): Promise<object> {
    const entries: [string, unknown][] = [];
    do {
      this.#at++;
      if (this.#next() !== QUOTE) this.#failed = true;
      const name = await this.value(0);
      this.#next();
      this.#take(COLON);
      entries.push([name as string, await this.value(depth - 1)]);
    } while (this.#next() === COMMA);
    this.#take(CLOSE_OBJECT);
    return Object.fromEntries(entries);
  }

  #take(expected: number): void {
    if (this.#bytes[this.#at] === expected) this.#at++;
    else this.#failed = true;
  }

  /** The byte after white space. */
  #next(): number | undefined {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  /** Where the value here ends, or `undefined` where that is behind `limit`. */
  #end(limit: number): number | undefined {
    const bytes = this.#bytes;
    let open = 0;
    let at = this.#at;
    for (; at < bytes.length; at++) {
      if (at > limit) return undefined;
      const byte = bytes[at];
      if (byte === QUOTE) {
        for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
        if (open === 0) return at + 1;
      } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) open++;
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        if (open === 0) return at;
        if (--open === 0) return at + 1;
      } else if (open === 0 && (byte === COMMA || byte === COLON)) return at;
    }
    return at;
  }
}
