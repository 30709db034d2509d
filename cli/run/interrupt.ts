import type { ProgressView } from '../output/progress-view.ts';

/**
 * Makes Ctrl-C end the watching, not the run, and say how to continue. The view gives the terminal back before.
 * @returns a function that takes this back.
 */
export function leaveRunGoing(workflowId: string, view: ProgressView): () => void {
  const leave = () => {
    view.close();
    process.stderr.write(
      [
        '',
        `Run ${workflowId} continues in the background.`,
        `  watch it again:           videocap status ${workflowId} --watch`,
        `  end it after its step:    videocap stop ${workflowId}`,
        '  stop servers and workers: videocap down   (the run continues after: videocap up)',
        '',
      ].join('\n'),
    );
    process.exit(130);
  };
  process.on('SIGINT', leave);
  process.on('SIGTERM', leave);
  return () => {
    process.removeListener('SIGINT', leave);
    process.removeListener('SIGTERM', leave);
  };
}
