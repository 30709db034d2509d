import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { Activities, PolicyActivities } from '../workers/activities.ts';

/**
 * The stages as activities, each group with its queue and its patience, and the reason for both. Errors that trying again
 * cannot mend are made non-retryable where they arise (`workers/activity-runtime.ts`), so the policies here say only how
 * long to wait for the world to come back: for ever, with growing pauses.
 */
const PATIENT: ActivityOptions['retry'] = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '30s',
};

/** A dead worker is noticed within this time: every activity beats every two seconds, whatever it computes. */
const HEARTBEAT: ActivityOptions['heartbeatTimeout'] = '12s';

/** Small and local: reading a config, writing a record. */
export const desk = proxyActivities<Activities>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: HEARTBEAT,
  retry: PATIENT,
});

/** Long and local: taking up a run of ten thousand steps, making or decoding thousands of videos, embedding texts, judging over a network that may be down for hours. */
export const stage = proxyActivities<Activities>({
  startToCloseTimeout: '24h',
  heartbeatTimeout: HEARTBEAT,
  retry: PATIENT,
});

/** The policy engine: one at a time per worker, since it uses every core or a whole GPU. */
export const policy = proxyActivities<PolicyActivities>({
  taskQueue: 'policy-onnx',
  startToCloseTimeout: '24h',
  heartbeatTimeout: HEARTBEAT,
  retry: PATIENT,
});

/** MLflow is a mirror: it may be away for days, and is asked again without haste. */
export const mirror = proxyActivities<Activities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: HEARTBEAT,
  retry: { ...PATIENT, maximumInterval: '1m' },
  // Who breaks off a delivery does not wait for its next attempt; what arrives twice is one point.
  cancellationType: 'TRY_CANCEL',
});

/** The last word to MLflow of a run that ends badly: worth a minute, not worth hanging for. */
export const lastWord = proxyActivities<Activities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '1m',
  heartbeatTimeout: HEARTBEAT,
  retry: PATIENT,
});
