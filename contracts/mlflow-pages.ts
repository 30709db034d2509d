/**
 * Addresses of MLflow's pages. Its UI shows the board for language-model applications unless the address names the
 * other one; a browser that never visited the server would open a page without metrics and runs.
 */

/** Asks for the board of training runs. */
const BOARD = 'workflowType=machine_learning';

/** The run's file, and its path in MLflow. */
export const REPORT_PATH = 'report.html';

/** The name of the shared view that lists the runs of an experiment with the metrics that matter. */
export const VIEW = 'videocap';

/** The list of experiments. `server`: the address without a trailing slash. */
export function experimentsPage(server: string): string {
  return `${server}/#/experiments?${BOARD}`;
}

/** The page of a run. `server`: the address without a trailing slash. */
export function runPage(server: string, { experimentId, runId }: { experimentId: string; runId: string }): string {
  return `${server}/#/experiments/${experimentId}/runs/${runId}?${BOARD}`;
}

/** The page that shows a run's report, from the page of the run. */
export function reportPage(page: string): string {
  return page.replace(/(\?.*)?$/, (query) => `/artifacts/${REPORT_PATH}${query}`);
}

/** The page of a trace, in the list of its experiment's. `trace`: 32 hexadecimal digits. */
export function tracePage(server: string, experimentId: string, trace: string): string {
  return `${server}/#/experiments/${experimentId}/traces?${BOARD}&selectedEvaluationId=tr-${trace}`;
}

/** The list of an experiment's runs, as the view shows it. */
export function runsPage(server: string, experimentId: string): string {
  return `${server}/#/experiments/${experimentId}/runs?${BOARD}&viewStateShareKey=${VIEW}`;
}
