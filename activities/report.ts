import type { z } from 'zod';
import { WriteReportInput, WriteReportOutput } from '../contracts/report.ts';
import { sha256 } from '../core/sha256.ts';
import { keyOf } from '../core/store-layout.ts';
import { readReportContent } from '../report/report-content.ts';
import type { ActivityDeps } from './activity-deps.ts';

/** Of a report's name. */
const HASH_DIGITS = 12;

type ReportDeps = Pick<ActivityDeps, 'store' | 'temporalUiUrl'>;

/** Writes the results of a run as one HTML file that can be opened, sent and archived. */
export function createReportActivities({ store, temporalUiUrl }: ReportDeps) {
  return {
    async writeReport(rawInput: z.input<typeof WriteReportInput>): Promise<z.infer<typeof WriteReportOutput>> {
      const input = WriteReportInput.parse(rawInput);
      const { execution, mlflowRunUrl, ...shown } = input; // links
      const hash = sha256(JSON.stringify(shown)).slice(0, HASH_DIGITS);
      const report = await store.once(keyOf('report', { runKey: input.runKey, hash }), async () => {
        // The drawing library is large; a worker that loads it here starts sooner.
        const { reportPage } = await import('../report/report-page.ts');
        return reportPage(await readReportContent(store, input, temporalUiUrl));
      });
      return WriteReportOutput.parse({ report });
    },
  };
}
