import { expect, it } from 'vitest';
import { readSettings } from '../../../workers/settings.ts';

const NAMES = [
  ...['TEMPORAL_ADDRESS', 'TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_UI_URL', 'MLFLOW_TRACKING_URI', 'VIDEOCAP_HOME'],
  ...['VIDEOCAP_STORE', 'VIDEOCAP_TENSORBOARD', 'VIDEOCAP_QUEUES', 'VIDEOCAP_HEALTH', 'VIDEOCAP_METRICS'],
  ...['VIDEOCAP_MEMORY_TARGET', 'VIDEOCAP_JUDGE_WORKERS', 'VIDEOCAP_STUCK_SECONDS'],
  ...['MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING', 'MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL'],
];

it('a variable that is empty counts as not set, as container files leave them', () => {
  expect(readSettings(Object.fromEntries(NAMES.map((name) => [name, ''])))).toEqual(readSettings({}));
});

it.each([
  [{}, 10],
  [{ MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '60' }, 60],
  [{ MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'True' }, 10],
  [{ MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: '0' }, undefined],
  [{ MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING: 'false', MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL: '60' }, undefined],
])('system metrics are on unless the variable of MLflow turns them off: %j', (env, seconds) => {
  expect(readSettings(env).systemMetricsSeconds).toBe(seconds);
});
