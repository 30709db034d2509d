import type { z } from 'zod';
import { REPORT_PATH } from '../contracts/mlflow-pages.ts';
import { SweepTable } from '../contracts/sweep-results.ts';
import { FinishSweepTrackingInput, type FinishSweepTrackingOutput, Tracking } from '../contracts/tracking.ts';
import { keyOf } from '../core/store-layout.ts';
import { logBatches } from '../tracking/log-batches.ts';
import { MlflowClient } from '../tracking/mlflow-client.ts';
import { runAccess } from '../tracking/run-access.ts';
import { RunArtifacts } from '../tracking/run-artifacts.ts';
import { END_TAG, NOTE_TAG } from '../tracking/run-tags.ts';
import { sweepMetrics, sweepNote } from '../tracking/sweep-run.ts';
import type { TrackingDeps } from './tracking.ts';

/** Mirrors the results of sweeps to MLflow, as `createTrackingActivities` does those of runs. */
export function createSweepTrackingActivities({ store, mlflowUrl, log, ...http }: TrackingDeps) {
  const client = new MlflowClient({ url: mlflowUrl, ...http });
  const { withRun, setTags } = runAccess(client, log);

  return {
    /** The end of a sweep's run: its table, the means of its arms, its verdict. */
    async finishSweepTracking(
      rawInput: z.input<typeof FinishSweepTrackingInput>,
    ): Promise<z.infer<typeof FinishSweepTrackingOutput>> {
      const input = FinishSweepTrackingInput.parse(rawInput);
      const { runKey, table: tableRef, report, page, status, endTime, reason } = input;
      const known = await store.find(keyOf('trackingRun', { runKey }));
      if (!known) return {};
      const tracking = await store.readJson(known, Tracking);
      const table = tableRef && (await store.readJson(tableRef, SweepTable));
      await withRun(tracking, async (run) => {
        const artifacts = new RunArtifacts(client, run);
        if (tableRef) await artifacts.upload('sweep/table.json', await store.read(tableRef));
        if (report) await artifacts.upload('sweep/table.md', await store.read(report));
        if (page) await artifacts.upload(REPORT_PATH, await store.read(page));
        if (table) {
          const metrics = sweepMetrics(table, endTime);
          for (const batch of logBatches({ metrics })) await client.logBatch(run.runId, batch);
          await setTags(run, [{ key: NOTE_TAG, value: sweepNote(table, REPORT_PATH) }]);
        }
        // Empty in a sweep that was resumed since.
        const end = status === 'FINISHED' ? '' : endOf(status, reason);
        if (end !== (run.tags.get(END_TAG) ?? '')) await setTags(run, [{ key: END_TAG, value: end }]);
        await client.updateRun(run.runId, { status, endTime });
      });
      return { runUrl: tracking.runUrl };
    },
  };
}

/** Why a sweep has no table. */
function endOf(status: 'FAILED' | 'KILLED', reason: string | undefined): string {
  if (status === 'KILLED') return 'Cancelled before its end';
  return `Failed before its end${reason === undefined ? '' : `: ${reason}`}`;
}
