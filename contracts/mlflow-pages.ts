/** The page of a run's report in MLflow's UI. @param runUrl of the run's page. */
export function reportPage(runUrl: string): string {
  const [page, query] = runUrl.split('?', 2);
  return `${page}/artifacts/${REPORT_PATH}${query === undefined ? '' : `?${query}`}`;
}

/** A run's report among its artifacts. */
export const REPORT_PATH = 'report.html';
