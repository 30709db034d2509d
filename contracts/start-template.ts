/**
 * The start form of Temporal's UI copies the input of a run that exists, and its address cannot carry one. So each
 * workflow type has a template: an execution that ends at once, with an input to change.
 */

/** In the memo of a template, which the form does not copy. */
export const TEMPLATE_MEMO = 'videocapTemplate';

/** The result of a template, for people who open its page. */
export const TEMPLATE_RESULT =
  'A template: it has started nothing. The start form copies its input when it is opened by More Actions, Start ' +
  'Workflow Like This One, or by a link that `videocap up` or `videocap start-forms` prints.';

/**
 * The form copies it, too, and a user may leave it: true of whatever is started. The memo has what a run is, and its
 * page shows it.
 */
export const TEMPLATE_SUMMARY = 'Started from a form: the memo says what it is.';

interface StartTemplate {
  /** What it starts, for people. */
  title: string;
  input: object;
}

/** By workflow type: what the start form is filled with. */
export const START_TEMPLATES = {
  trainingRun: {
    title: 'train a policy: an experiment of configs/, with changes',
    input: { config: 'quickstart', overrides: { 'algorithm.steps': 10, 'dataset.heldOutSamples': 40 } },
  },
  benchmarkRun: {
    title: 'benchmark a policy: a model, or run:RUN@STEP',
    input: { config: 'quickstart', checkpoint: 'tiny', overrides: { 'dataset.heldOutSamples': 40 } },
  },
  ablationSweep: {
    title: 'compare arms over conditions and seeds',
    input: { sweep: 'short-sweep', overrides: {} },
  },
  datasetAnnotation: {
    title: 'let a judge write what captions lack: paths of the workers',
    input: { dataset: '/data/captions.jsonl', output: '/data/annotated.jsonl', config: '/data/judge.yaml' },
  },
} as const satisfies Record<string, StartTemplate>;

export type StartableType = keyof typeof START_TEMPLATES;
