import { expect, test } from 'vitest';
import { storedAt } from '../../../../cli/output/stored-at.ts';

const REPORT = { uri: 'store:runs/a-1/report-0f.1e.html' };

test('an artifact is a file of the home folder, or an object of the bucket', () => {
  expect(storedAt('/lab/.videocap', REPORT, undefined)).toBe('/lab/.videocap/store/runs/a-1/report-0f.1e.html');
  const bucket = 's3://lab/videocap?endpoint=http://127.0.0.1:7070';
  expect(storedAt('/lab/.videocap', REPORT, bucket)).toBe('s3://lab/videocap/runs/a-1/report-0f.1e.html');
});
