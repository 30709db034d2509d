import { type ActivityOptions, proxyActivities } from '@temporalio/workflow';
import type { EngineConfig } from '../policy/policy-config.ts';
import type { Activities, JudgeActivities, MediaActivities, PolicyActivities } from '../workers/activities.ts';
import { gated } from './crash-gate.ts';
import { nearWeights } from './near-weights.ts';

/**
 * The stages as activities, each group with its task queue and its timeouts, and the reason for both. Errors that
 * trying again cannot repair are made non-retryable where they arise (`workers/activity-runtime.ts`), so the policies
 * here say only how long to wait for other systems: without limit, with growing pauses.
 */
const PATIENT: ActivityOptions['retry'] = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '30s',
};

/** A dead worker is noticed within this time: every activity beats every two seconds, whatever it computes. */
const HEARTBEAT: ActivityOptions['heartbeatTimeout'] = '12s';

/** Small and local: reading a config, writing a record. */
export const shortActivities = proxyActivities<Activities>({
  startToCloseTimeout: '1m',
  heartbeatTimeout: HEARTBEAT,
  retry: PATIENT,
});

/** The same once a run has something to lose: it waits where its worker keeps dying. At its start it fails. */
export const recordActivities = gated(shortActivities);

const LONG = { startToCloseTimeout: '24h', heartbeatTimeout: HEARTBEAT, retry: PATIENT } satisfies ActivityOptions;

/** Local, but long where there is much to read: finding the state of a run of ten thousand steps. */
export const longActivities = proxyActivities<Activities>(LONG);

/** Data sets, frames and reports: making or decoding thousands of videos takes hours. */
export const mediaActivities = gated(proxyActivities<MediaActivities>({ ...LONG, taskQueue: 'media' }));

/** Scoring: embedding texts, and asking a judge over a network that may be down for hours. */
export const judgeActivities = gated(proxyActivities<JudgeActivities>({ ...LONG, taskQueue: 'judge' }));

/** A worker that is free takes a stage in milliseconds. One that is dead never does. */
const TAKEN_WITHIN: ActivityOptions['scheduleToStartTimeout'] = '5s';

/** The policy engine: its worker runs one activity at a time, since it uses every core or a whole GPU. */
export function policyActivities({ kind }: EngineConfig) {
  const any = proxyActivities<PolicyActivities>({ ...LONG, taskQueue: `policy-${kind}` });
  const at = (taskQueue: string) =>
    proxyActivities<PolicyActivities>({ ...LONG, taskQueue, scheduleToStartTimeout: TAKEN_WITHIN });
  return gated(nearWeights(any, at));
}

/** MLflow is a mirror: it may be away for days, and is asked again without haste. */
export const mlflowActivities = proxyActivities<Activities>({
  startToCloseTimeout: '10m',
  heartbeatTimeout: HEARTBEAT,
  retry: { ...PATIENT, maximumInterval: '1m' },
  // A workflow that breaks off a delivery does not wait for its next attempt; what arrives twice is one point.
  cancellationType: 'TRY_CANCEL',
});

/** The end of a run that has a result, which waits where its worker keeps dying. A mirror gives up there. */
export const closingActivities = gated(mlflowActivities);

/** The final status of a failed run for MLflow: worth a minute, not worth hanging for. */
export const bestEffortActivities = proxyActivities<Activities>({
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '1m',
  heartbeatTimeout: HEARTBEAT,
  retry: PATIENT,
});
