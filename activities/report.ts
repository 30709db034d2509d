import type { z } from 'zod';
import { WriteReportInput, WriteReportOutput } from '../contracts/report.ts';
import { keyOf } from '../core/store-layout.ts';
import { readReportContent } from '../report/report-content.ts';
import type { ActivityDeps } from './activity-deps.ts';

type ReportDeps = Pick<ActivityDeps, 'store' | 'temporalUiUrl'>;

/** Writes what a run came to as one HTML file that can be opened, sent and archived. */
export function createReportActivities({ store, temporalUiUrl }: ReportDeps) {
  return {
    async writeReport(rawInput: z.input<typeof WriteReportInput>): Promise<z.infer<typeof WriteReportOutput>> {
      const input = WriteReportInput.parse(rawInput);
      const report = await store.once(keyOf('report', input), async () => {
        // What draws is large, and a worker should be at work quickly.
        const { reportPage } = await import('../report/report-page.ts');
        return reportPage(await readReportContent(store, input, temporalUiUrl));
      });
      return WriteReportOutput.parse({ report });
    },
  };
}
