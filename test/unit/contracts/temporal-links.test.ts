import { expect, it } from 'vitest';
import { reportPage } from '../../../contracts/mlflow-pages.ts';
import { SEARCH_ATTRIBUTES } from '../../../contracts/search-attributes.ts';
import { listPath, QUESTIONS, runPath, startFormPath } from '../../../contracts/temporal-links.ts';

it('opens the start form with the input of an execution, and without an id for the new run', () => {
  expect(startFormPath('default', 'trainingRun', '01a2')).toBe(
    '/namespaces/default/workflows/start-workflow?taskQueue=videocap&workflowType=trainingRun&runId=01a2',
  );
});

it('writes what could end a path or a query in escapes', () => {
  expect(runPath('a b', 'x/y?', 'r')).toBe('/namespaces/a%20b/workflows/x%2Fy%3F/r');
  expect(runPath('default', 'x')).toBe('/namespaces/default/workflows/x');
  expect(listPath('default', '`A`="b & c"')).toBe('/namespaces/default/workflows?query=%60A%60%3D%22b%20%26%20c%22');
});

it('asks by registered search attributes, and those that Temporal has itself', () => {
  const known = [...Object.values(SEARCH_ATTRIBUTES).map(({ name }) => name as string), 'ExecutionStatus'];
  for (const { query } of QUESTIONS) for (const [, name] of query.matchAll(/`(\w+)`/g)) expect(known).toContain(name);
});

it("finds the report's page below the run's, whatever follows its path", () => {
  expect(reportPage('http://m/#/experiments/1/runs/a')).toBe('http://m/#/experiments/1/runs/a/artifacts/report.html');
  expect(reportPage('http://m/#/experiments/1/runs/a?x=y')).toBe(
    'http://m/#/experiments/1/runs/a/artifacts/report.html?x=y',
  );
});
