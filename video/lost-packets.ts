import { open } from 'node:fs/promises';
import { FilePages } from './file-pages.ts';
import { lostOggPages } from './ogg-pages.ts';

const SYNC = 0x47;
/** Bytes from one packet to the next: plain, with a time in front (BDAV), with parity behind. */
const GRIDS = [188, 192, 204];
const LOOKED_AT = 5;
const BLOCK = 2 ** 20;

/** Whether a file has lost data that ffmpeg ignores, and marks nothing as damaged. Known of MPEG-TS and of Ogg. */
export function lostPackets(path: string): Promise<boolean> {
  return FilePages.use(path, async (pages) => {
    const head = Buffer.from(await pages.read(0, 4)).toString('latin1');
    return head === 'OggS' ? lostOggPages(pages) : lostTsPackets(path);
  });
}

/** Whether an MPEG transport stream has places where packets should begin and none does. */
async function lostTsPackets(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const block = Buffer.alloc(BLOCK);
    let place = 0;
    let grid: number | undefined;
    for (let start = 0; start < size; ) {
      const { bytesRead } = await file.read(block, 0, BLOCK, start);
      if (bytesRead === 0) return false;
      if (grid === undefined) {
        const found = gridOf(block.subarray(0, bytesRead));
        if (found === undefined) return false;
        ({ grid, place } = found);
      }
      for (; place < start + bytesRead; place += grid) if (block[place - start] !== SYNC) return true;
      start += bytesRead;
    }
    return false;
  } finally {
    await file.close();
  }
}

function gridOf(head: Buffer): { grid: number; place: number } | undefined {
  for (const grid of GRIDS)
    for (let place = 0; place < grid; place++)
      if (Array.from({ length: LOOKED_AT }, (_, i) => head[place + i * grid]).every((byte) => byte === SYNC))
        return { grid, place };
  return undefined;
}
