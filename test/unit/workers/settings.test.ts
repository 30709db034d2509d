import { expect, it } from 'vitest';
import { readSettings } from '../../../workers/settings.ts';

const NAMES = [
  ...['TEMPORAL_ADDRESS', 'TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_UI_URL', 'MLFLOW_TRACKING_URI', 'VIDEOCAP_HOME'],
  ...['VIDEOCAP_STORE', 'VIDEOCAP_TENSORBOARD', 'VIDEOCAP_QUEUES', 'VIDEOCAP_HEALTH', 'VIDEOCAP_METRICS'],
  ...['VIDEOCAP_MEMORY_TARGET', 'VIDEOCAP_JUDGE_WORKERS', 'VIDEOCAP_STUCK_SECONDS'],
];

it('a variable that is empty counts as not set, as container files leave them', () => {
  expect(readSettings(Object.fromEntries(NAMES.map((name) => [name, ''])))).toEqual(readSettings({}));
});
