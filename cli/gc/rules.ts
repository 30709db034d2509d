import { type ParsedKey, parseKey } from '../../core/store-layout.ts';

/**
 * How long an artifact is needed.
 * - `for good`: always, to read, fork or compare its run.
 * - `progress`: for good; of a finished run, only the last one names checkpoints that still exist.
 * - `retries`: while its run may still try an activity again.
 * - `checkpoint`: for good where the step was benchmarked or something refers to it; else while its run may continue.
 * - `cache`: shared by runs, and made again where it is gone: while a run refers to it or uses it.
 * - `ledger`: always, since it was paid for.
 * - `unknown`: no template makes such a key, so its use is unknown: always.
 */
export type Need = 'for good' | 'progress' | 'retries' | 'checkpoint' | 'cache' | 'ledger' | 'unknown';

export interface Rule {
  need: Need;
  /** The row of `videocap gc`'s table that counts it. */
  kind: 'runs' | 'checkpoints' | 'frames' | 'data' | 'policies';
  /** It refers to no other artifact, and may be large: it is not read. */
  isLeaf?: true;
}

/** The rule for the artifact under a key. An artifact kind without a rule does not compile. */
export function ruleFor(key: string): Rule {
  const parsed = parseKey(key);
  return parsed ? ruleOf(parsed) : { need: 'unknown', kind: 'runs' };
}

function ruleOf({ kind }: ParsedKey): Rule {
  switch (kind) {
    case 'dataset':
    case 'started':
    case 'start':
    case 'trackingRun':
    case 'record':
    case 'scoredRollouts':
    case 'report':
    case 'captions':
    case 'heldOutDetails':
    case 'suite':
    case 'suiteScores':
    case 'suiteResult':
    case 'suiteReport':
    case 'suiteDrillDown':
    case 'captionFile':
    case 'captionSamples':
    case 'annotatedBatch':
    case 'batchAnnotations':
    case 'sweepTable':
    case 'sweepReport':
    case 'sweepPage':
      return { need: 'for good', kind: 'runs' };
    case 'rollout':
    case 'verdicts':
      return { need: 'for good', kind: 'runs', isLeaf: true };
    case 'progress':
      return { need: 'progress', kind: 'runs' };
    case 'startPolicy':
    case 'rolloutOutput':
    case 'localScores':
    case 'judgedScores':
    case 'customScores':
    case 'comparison':
    case 'update':
    case 'captionsOutput':
    case 'heldOutScores':
    case 'judgeOutcome':
      return { need: 'retries', kind: 'runs' };
    case 'rolloutSlice':
    case 'captionsSlice':
    case 'customAnswers':
    case 'componentScores':
      return { need: 'retries', kind: 'runs', isLeaf: true };
    case 'checkpointWeights':
    case 'checkpointOptimizer':
      return { need: 'checkpoint', kind: 'checkpoints', isLeaf: true };
    case 'recipe':
      return { need: 'checkpoint', kind: 'checkpoints' };
    case 'clip':
    case 'clipList':
      return { need: 'cache', kind: 'frames' };
    case 'manifest':
    case 'suiteItems':
    case 'shapesVideo':
    case 'checkedVideo':
      return { need: 'cache', kind: 'data' };
    case 'documentFrequencies':
    case 'identity':
    case 'startCaptions':
      return { need: 'cache', kind: 'data', isLeaf: true };
    case 'startWeights':
    case 'endpointModel':
      return { need: 'cache', kind: 'policies', isLeaf: true };
    case 'ledgerEntry':
      return { need: 'ledger', kind: 'runs' };
    default:
      return withoutRule(kind);
  }
}

function withoutRule(kind: never): never {
  throw new Error(`Artifacts of kind ${kind} have no rule in videocap gc.`);
}
