/** Answers on their way when everything is cancelled may still arrive within this time: they are paid for. */
const GRACE_MILLISECONDS = 10_000;

/** A signal that follows another after the grace period. */
export function afterGrace(signal: AbortSignal | undefined): { over: AbortSignal; end(): void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = () => {
    timer = setTimeout(() => controller.abort(), GRACE_MILLISECONDS);
  };
  signal?.addEventListener('abort', start, { once: true });
  return {
    over: controller.signal,
    end() {
      signal?.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}
