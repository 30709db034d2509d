import { mkdtempSync, readFileSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
const GIBIBYTE = 2 ** 30;
/** Tests have two or three at a time. */
const ROOM = 8 * GIBIBYTE;
/** Of the machine: the processes of six test files have some as well. */
const FREE = 12 * GIBIBYTE;

/**
 * A folder for all temporary files of a test run. Tests write ten gigabytes, and artifacts are written durably: on a
 * disk, that is a fifth of the time of many tests. So the folder is in memory where there is enough of it.
 */
export function temporaryFolder() {
  return mkdtempSync(join(isRoomy() ? MEMORY : tmpdir(), 'videocap-test-'));
}

/** Programs must be allowed there, too: some tests write their own. */
function isRoomy() {
  try {
    const mounts = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '));
    const [, , , options = 'noexec'] = mounts.findLast(([, at]) => at === MEMORY) ?? [];
    const { bavail, bsize } = statfsSync(MEMORY);
    return !/\b(ro|noexec)\b/.test(options) && bavail * bsize > ROOM && freemem() > FREE;
  } catch {
    return false;
  }
}
