import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ArtifactRef } from '../../../core/artifact-ref.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-corrupt-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

const KEY = 'runs/r/update.json';
const WHOLE = '{"loss":0.25}\n';
const refFile = () => join(root, `${KEY}.ref`);
const refused = { code: 'CorruptArtifact', message: expect.stringMatching(/runs\/r\/update/) };

/** Makes the artifact, counting how often its content had to be made. */
function maker(content = WHOLE) {
  const make = async () => {
    make.times++;
    return content;
  };
  make.times = 0;
  return make;
}

describe('content that is damaged', () => {
  const damages: [string, (path: string) => Promise<void>][] = [
    ['emptied', (path) => truncate(path, 0)],
    ['cut short', (path) => truncate(path, 5)],
    ['grown', (path) => writeFile(path, `${WHOLE} `)],
    ['changed by a bit', (path) => writeFile(path, WHOLE.replace('5', '4'))],
    ['replaced by zeros of the same length', (path) => writeFile(path, Buffer.alloc(WHOLE.length))],
    ['gone', (path) => rm(path)],
  ];

  it.each(damages)('is refused with its name where it is read: %s', async (_, damage) => {
    const ref = await store.put(KEY, WHOLE);
    await damage(await store.localCopy(ref));
    await expect(store.read(ref)).rejects.toMatchObject(refused);
  });

  it.each(damages)('is made again, under the same reference, by the activity that made it: %s', async (_, damage) => {
    const ref = await store.put(KEY, WHOLE);
    await damage(await store.localCopy(ref));
    const make = maker();
    expect(await store.once(KEY, make)).toEqual(ref);
    expect(make.times).toBe(1);
    expect((await store.read(ref)).toString()).toBe(WHOLE);
  });

  it.each(damages)('is repaired when the same bytes are stored again: %s', async (_, damage) => {
    const ref = await store.put(KEY, WHOLE);
    await damage(await store.localCopy(ref));
    expect(await store.put(KEY, WHOLE)).toEqual(ref);
    expect((await store.read(ref)).toString()).toBe(WHOLE);
  });

  it('gives way to other bytes when making it again does not give the same', async () => {
    await truncate(await store.localCopy(await store.put(KEY, WHOLE)), 3);
    const ref = await store.once(KEY, maker('{"loss":0.5}\n'));
    expect(await store.find(KEY)).toEqual(ref);
    expect((await store.read(ref)).toString()).toBe('{"loss":0.5}\n');
  });
});

describe('a reference that is damaged', () => {
  const damages: [string, () => Promise<void>][] = [
    ['empty', () => truncate(refFile(), 0)],
    ['half of its JSON', () => truncate(refFile(), 40)],
    ['zeros', () => writeFile(refFile(), Buffer.alloc(120))],
    ['of another shape', () => writeFile(refFile(), '{"uri":"store:x"}')],
    ['naming a file of another key', () => changeRef((ref) => ref.replace('update', 'upbate'))],
    ['naming a file outside the store', () => changeRef((ref) => ref.replace('runs/r', '../../r'))],
    ['with another hash', () => changeRef((ref) => ref.replace(/.(?=","bytes)/, (c) => (c === '0' ? '1' : '0')))],
    ['with another size', () => changeRef((ref) => ref.replace('"bytes":14', '"bytes":15'))],
  ];
  async function changeRef(change: (text: string) => string): Promise<void> {
    const text = await readFile(refFile(), 'utf8');
    expect(change(text)).not.toBe(text);
    await writeFile(refFile(), change(text));
  }

  it.each(damages)('is written again from the content it must have named: %s', async (_, damage) => {
    const ref = await store.put(KEY, WHOLE);
    await damage();
    const make = maker();
    expect(await store.once(KEY, make)).toEqual(ref);
    expect(make.times).toBe(0);
    expect(JSON.parse(await readFile(refFile(), 'utf8'))).toEqual(ref);
  });

  it.each(damages.slice(0, 4))('is found again without the activity: %s', async (_, damage) => {
    const ref = await store.put(KEY, WHOLE);
    await damage();
    expect(await store.find(KEY)).toEqual(ref);
  });

  it('is refused with its name where the content is gone too, and made again by the activity', async () => {
    const ref = await store.put(KEY, WHOLE);
    await rm(await store.localCopy(ref));
    await truncate(refFile(), 0);
    await expect(store.find(KEY)).rejects.toMatchObject(refused);
    expect(await store.once(KEY, maker())).toEqual(ref);
  });

  it('is refused where two contents could be meant, and made again by the activity', async () => {
    await store.put(KEY, WHOLE);
    const stray = await store.put('runs/r/other.json', 'lost a race');
    const hex = stray.sha256.slice(0, 12);
    await writeFile(join(root, `runs/r/update.${hex}.json`), 'lost a race');
    await truncate(refFile(), 0);
    await expect(store.find(KEY)).rejects.toMatchObject(refused);
    const make = maker();
    expect((await store.read(await store.once(KEY, make))).toString()).toBe(WHOLE);
    expect(make.times).toBe(1);
  });

  it('can be removed', async () => {
    await store.put(KEY, WHOLE);
    await truncate(refFile(), 0);
    await store.remove(KEY);
    expect(await store.find(KEY)).toBeUndefined();
  });
});

it('after a change of any byte of content or ref: no read gives other bytes, the activity restores it', async () => {
  const original = await store.put(KEY, WHOLE);
  const files = [await store.localCopy(original), refFile()];
  const whole = await Promise.all(files.map((file) => readFile(file)));
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: whole[0]!.length + whole[1]!.length - 1 }),
      fc.integer({ min: 1, max: 255 }),
      async (position, mask) => {
        const inContent = position < whole[0]!.length;
        const [file, bytes] = inContent ? [files[0]!, whole[0]!] : [files[1]!, whole[1]!];
        const damaged = Buffer.from(bytes);
        damaged[inContent ? position : position - whole[0]!.length]! ^= mask;
        await writeFile(file, damaged);

        const read = await store
          .find(KEY)
          .then((ref) => store.read(ref!))
          .catch((error: { code: string; message: string }) => error);
        if (Buffer.isBuffer(read)) expect(read.toString()).toBe(WHOLE);
        else expect(read).toMatchObject(refused);
        const ref = await store.once(KEY, maker());
        expect(ref).toEqual(original);
        expect((await store.read(ref)).toString()).toBe(WHOLE);
      },
    ),
    { numRuns: 300 },
  );
});

describe('a file that was never finished', () => {
  it('is no artifact, and does not block the next write', async () => {
    const stray = `${join(root, 'k')}.0f8fad5b-d9cb-469f-a165-70867728950e.tmp`;
    await writeFile(stray, 'hal');
    expect(await store.find('k')).toBeUndefined();
    const ref = await store.once('k', maker('half'));
    expect((await store.read(ref)).toString()).toBe('half');
  });

  it('is not left behind by a write that fails', async () => {
    const full = new ArtifactStore(root, {
      fence: () => ({ claims: [], check: () => Promise.reject(new Error('no')) }),
    });
    await expect(full.put('k', 'x')).rejects.toThrow('no');
    expect(await readdir(root)).toEqual([]);
  });
});

describe('when a ref was last put', () => {
  const long = new Date('2020-01-01');
  const putLongAgo = async (key: string) => {
    await store.put(key, WHOLE);
    await utimes(join(root, `${key}.ref`), long, long);
  };
  const putAt = async (key: string) => (await store.storage.getRef(key))!.storedAt;

  it.each([
    ['once', () => store.once('clips/a.clip', maker())],
    ['put', () => store.put('clips/a.clip', WHOLE)],
  ])('tells the last use of what runs share: %s puts it again', async (_, use) => {
    await putLongAgo('clips/a.clip');
    await use();
    expect(await putAt('clips/a.clip')).toBeGreaterThan(Date.now() - 60_000);
  });

  it('tells when a run made it, of what is its own', async () => {
    await putLongAgo(KEY);
    await store.once(KEY, maker());
    expect(await putAt(KEY)).toBe(long.getTime());
  });
});

describe('what a record refers to', () => {
  const Output = z.strictObject({ inner: ArtifactRef, seconds: z.number() });
  const Inner = 'runs/r/rollout.json';
  const Deep = 'runs/r/clip.bin';

  /** A record of an artifact that refers to another; made anew it took another time. */
  function stage(deep = 'pixels') {
    let seconds = 0;
    const make = async () => {
      seconds++;
      const inner = await store.putJson(Inner, { clip: await store.put(Deep, deep) });
      return { inner, seconds };
    };
    return () => store.onceJson(KEY, Output, make);
  }
  const contentOf = async (key: string) => store.localCopy((await store.find(key))!);

  const damages: [string, (key: string) => Promise<void>][] = [
    ['changed', async (key) => writeFile(await contentOf(key), 'other bytes')],
    ['gone', async (key) => rm(await contentOf(key))],
    ['removed with its reference', (key) => store.remove(key)],
  ];
  const places: [string, string][] = [
    ['itself', Inner],
    ['through another artifact', Deep],
  ];
  const cases = places.flatMap(([where, key]) =>
    damages.map(([how, damage]) => ({ where, key, how, damage: () => damage(key) })),
  );

  it.each(cases)('is made again where it is $how, and the record stays: it refers to it $where', async ({ damage }) => {
    const output = await stage()();
    await damage();
    const again = stage();
    expect(await again()).toEqual(output);
    expect(await store.firstDamaged(output)).toBeUndefined();
    expect((await store.read((await store.find(Deep))!)).toString()).toBe('pixels');
    expect(await again()).toEqual(output);
  });

  it.each(cases)('is refused by its name where it comes out otherwise: $how, referred to $where', async (damaged) => {
    await stage()();
    const { uri } = (await store.find(damaged.key))!;
    await damaged.damage();
    await expect(stage('other pixels')()).rejects.toMatchObject({
      code: 'CorruptArtifact',
      message: expect.stringContaining(`${uri} is damaged, and what is made in its place is not the same`),
    });
  });

  it('is not made again while it is whole', async () => {
    const again = stage();
    expect(await again()).toEqual(await again());
    expect(await again()).toMatchObject({ seconds: 1 });
  });
});
