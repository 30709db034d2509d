import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StepRecord } from '../../contracts/run-results.ts';
import { ignoreMissing, PRIVATE } from '../../core/durable-file.ts';
import type { Tracker } from '../tracker.ts';
import { type Point, pointsIn, scalarEvent, versionEvent } from './event-record.ts';

/** What a file has, as this process left it. */
interface Known {
  known: Set<string>;
  /** Bytes. */
  size: number;
}

/**
 * Writes runs as files of TensorBoard: `<folder>/<run's key>/events.out.tfevents.*`, one a run. A point that is in the
 * file is not written again; half a record, which a writer that died has left, is overwritten. One writer a run: the
 * worker that mirrors it.
 */
export class TensorBoardTracker implements Tracker {
  readonly name = 'TensorBoard';
  readonly #folder: string;
  readonly #files = new Map<string, Known>();
  /** Deliveries of one process come one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  send(runKey: string, records: readonly StepRecord[]): Promise<void> {
    const sent = this.#last.then(() => this.#append(runKey, records));
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  async #append(runKey: string, records: readonly StepRecord[]): Promise<void> {
    if (records.length === 0) return;
    // The name's number orders the files of a folder; there is one.
    const path = join(this.#folder, runKey, 'events.out.tfevents.0000000000.videocap');
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE.folder });
    const { known, size } = await this.#whatIsThere(path);
    const events = records.flatMap(({ step, time, metrics }) => {
      const points = Object.entries(metrics)
        .filter(([tag]) => !known.has(`${step} ${tag}`))
        .map(([tag, value]): Point => ({ tag, step, time: time / 1000, value }));
      for (const { tag } of points) known.add(`${step} ${tag}`);
      return points.length > 0 ? [scalarEvent(points)] : [];
    });
    if (events.length === 0) return;
    const text = Buffer.concat([...(size === 0 ? [versionEvent(records[0]!.time / 1000)] : []), ...events]);
    this.#files.delete(path); // unknown, until all of it is there
    const file = await open(path, size === 0 ? 'w' : 'r+', PRIVATE.file);
    try {
      await file.truncate(size);
      await file.write(text, 0, text.length, size);
      await file.datasync();
    } finally {
      await file.close();
    }
    this.#files.set(path, { known, size: size + text.length });
  }

  async #whatIsThere(path: string): Promise<Known> {
    const bytes = (await stat(path).catch(ignoreMissing))?.size ?? 0;
    const kept = this.#files.get(path);
    if (kept?.size === bytes) return kept;
    if (bytes === 0) return { known: new Set(), size: 0 };
    const { known, whole } = pointsIn(await readFile(path));
    return { known, size: whole };
  }
}
