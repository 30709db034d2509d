import { VIEW } from '../contracts/mlflow-pages.ts';

/** The tag of an experiment that holds the view: MLflow's UI opens it by its name. */
export const VIEW_TAG = `mlflow.sharedViewState.${VIEW}`;

/** Columns that no run of an experiment has a value for are empty. */
const METRICS = ['eval/eventF1', 'eval/think', 'reward/mean', 'train/kl', 'train/completionLength'];
const PARAMS = ['algorithm.kind', 'algorithm.steps', 'seed'];
const TAGS = ['videocap.end', 'videocap.sweep.arm', 'videocap.sweep.condition', 'videocap.collapse'];

/** The list of runs with the columns that people choose runs by, the latest run first, as MLflow's UI stores a view. */
export function runsView(): string {
  const columns = (kind: string, names: readonly string[]) => names.map((name) => `${kind}.\`${name}\``);
  return JSON.stringify({
    searchFilter: '',
    orderByKey: 'attributes.start_time',
    orderByAsc: false,
    startTime: 'ALL',
    lifecycleFilter: 'Active',
    datasetsFilter: [],
    modelVersionFilter: 'All Runs',
    selectedColumns: [...columns('metrics', METRICS), ...columns('params', PARAMS), ...columns('tags', TAGS)],
  });
}
