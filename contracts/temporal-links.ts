import { SEARCH_ATTRIBUTES } from './search-attributes.ts';

/** Pages of Temporal's UI, as paths: below its address, or from another of its pages. */

/** The start form, filled in with the input of an execution; the id of the new run stays to be typed. */
export function startFormPath(namespace: string, type: string, runId: string): string {
  const fields = new URLSearchParams({ taskQueue: 'videocap', workflowType: type, runId });
  return `/namespaces/${encodeURIComponent(namespace)}/workflows/start-workflow?${fields}`;
}

/** The page of a run. Without `runId`: of its last execution. */
export function runPath(namespace: string, workflowId: string, runId?: string): string {
  const execution = runId === undefined ? '' : `/${runId}`;
  return `/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}${execution}`;
}

/** A list of the runs that a query finds; the UI offers to save it as a view. */
export function listPath(namespace: string, query: string): string {
  return `/namespaces/${encodeURIComponent(namespace)}/workflows?query=${encodeURIComponent(query)}`;
}

const { paused, phase, failedWhy, reward, method, sweep } = SEARCH_ATTRIBUTES;

/** What users ask of all runs, as queries. */
export const QUESTIONS: readonly { question: string; query: string }[] = [
  { question: 'Which runs wait for me?', query: `\`${paused.name}\`=true AND \`ExecutionStatus\`="Running"` },
  { question: 'What trains now?', query: `\`${phase.name}\`="training" AND \`ExecutionStatus\`="Running"` },
  { question: 'Which runs failed, and why?', query: `\`${failedWhy.name}\` IS NOT NULL` },
  { question: 'Which runs have a reward?', query: `\`${reward.name}\` IS NOT NULL` },
  { question: 'Which sweeps are there?', query: `\`${method.name}\`="sweep"` },
];

/** The runs of a sweep, and itself. @param key the sweep's in the store. */
export function runsOfSweepQuery(key: string): string {
  return `\`${sweep.name}\`="${key}"`;
}
