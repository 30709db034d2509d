import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { type Identity, LONGEST_FACT } from './identity.ts';

/**
 * Instruction sets by which numeric libraries choose their kernels, as Linux names them: on x86-64 and on ARM. Others,
 * such as those for encryption, change no number.
 */
const CHOOSES_KERNELS = /^(?:sse4_2|avx.*|fma|f16c|amx_.*|asimd.*|fphp|bf16|i8mm|sve.*|sme.*)$/;

let known: Promise<Identity> | undefined;

/** What of this machine the bits of a computation may depend on. Looked for once a process. */
export function machineIdentity(): Promise<Identity> {
  known ??= look();
  return known;
}

async function look(): Promise<Identity> {
  const instructions = instructionsIn(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
  const libc = libcVersion();
  return {
    system: `${process.platform}-${process.arch}`,
    ...(libc !== undefined && { libc }),
    processor: (cpus()[0]?.model ?? 'unknown').trim().slice(0, LONGEST_FACT),
    ...(instructions !== '' && { instructions }),
  };
}

/**
 * Those of the first processor that matter, in alphabetical order. @param cpuinfo Linux's `/proc/cpuinfo`; elsewhere
 * empty.
 */
export function instructionsIn(cpuinfo: string): string {
  const [, flags = ''] = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo) ?? [];
  const mattering = flags.split(/\s+/).filter((flag) => CHOOSES_KERNELS.test(flag));
  return mattering.sort().join(' ').slice(0, LONGEST_FACT);
}

/** `glibc 2.36`: its `exp` and `log` round as that version does. Absent where there is no glibc. */
function libcVersion(): string | undefined {
  // Looking up the names of open connections takes seconds.
  const { report } = process as { report?: NodeJS.ProcessReport & { excludeNetwork?: boolean } };
  if (!report || process.platform !== 'linux') return undefined;
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  if (before !== undefined) report.excludeNetwork = before;
  return header?.glibcVersionRuntime && `glibc ${header.glibcVersionRuntime}`;
}
