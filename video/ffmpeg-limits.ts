/** What one run of ffmpeg may take from the machine: a video file can ask for any amount of it. */
export interface FfmpegLimits {
  /** Address space, in bytes: what is over it, ffmpeg does not get. */
  memoryBytes: number;
  /** Processor time; not the clock, so that a busy machine ends nothing. `undefined`: no limit. */
  computeSeconds: number | undefined;
  /** Size of any file that it writes; 0: it cannot write files. */
  fileBytes: number;
}

/** The shell's unit for file sizes. */
const BLOCK = 512;
/** When ffmpeg does not stop by itself after its processor time is up. */
const GRACE_SECONDS = 5;

/**
 * Sets what the system can enforce, then becomes ffmpeg, so that signals reach it. A limit that a system does not have
 * (macOS has none on address space) is left out.
 */
const SCRIPT = [
  'ulimit -c 0',
  'ulimit -f "$1"',
  'ulimit -v "$2" 2>/dev/null',
  '[ "$3" = unlimited ] || { ulimit -S -t "$3"; ulimit -H -t "$4"; }',
  'shift 4',
  'exec "$@"',
].join('\n');

/** A command and the arguments to put before ffmpeg's own, so that it runs within limits. Pure. */
export function withinLimits(
  ffmpeg: string,
  { memoryBytes, computeSeconds, fileBytes }: FfmpegLimits,
  platform: NodeJS.Platform = process.platform,
): { command: string; before: string[] } {
  if (platform === 'win32') return { command: ffmpeg, before: [] };
  const seconds = computeSeconds === undefined ? undefined : Math.ceil(computeSeconds);
  const values = [
    Math.ceil(fileBytes / BLOCK),
    Math.floor(memoryBytes / 1024),
    seconds ?? 'unlimited',
    seconds === undefined ? 'unlimited' : seconds + GRACE_SECONDS,
  ];
  return { command: '/bin/sh', before: ['-c', SCRIPT, 'sh', ...values.map(String), ffmpeg] };
}
