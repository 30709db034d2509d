import { expect, it } from 'vitest';
import { experimentsPage, reportPage, runPage, runsPage } from '../../../contracts/mlflow-pages.ts';

const SERVER = 'http://127.0.0.1:5000';

it('leads to the board of training runs, which a new browser does not open by itself', () => {
  const page = runPage(SERVER, { experimentId: '1', runId: 'r' });
  expect(page).toBe(`${SERVER}/#/experiments/1/runs/r?workflowType=machine_learning`);
  expect(reportPage(page)).toBe(`${SERVER}/#/experiments/1/runs/r/artifacts/report.html?workflowType=machine_learning`);
  expect(experimentsPage(SERVER)).toBe(`${SERVER}/#/experiments?workflowType=machine_learning`);
  expect(runsPage(SERVER, '1')).toBe(
    `${SERVER}/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=videocap`,
  );
});
