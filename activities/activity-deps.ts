import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Progress } from '../core/compute-options.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import type { KeyRules } from '../judge/client/allowed-keys.ts';
import type { OutageClock } from '../judge/client/patient-endpoint.ts';

/** What a worker gives its activities; each activity picks what it uses. Tests leave out what is optional. */
export interface ActivityDeps {
  store: ArtifactStore;
  engine: PolicyEngine;
  /** The installation's folder, where the embedding model is and exported models go. */
  home: string;
  onProgress?: (progress: Progress) => void;
  /** Of the activity that runs now: aborts when the activity is cancelled. */
  signal?: () => AbortSignal | undefined;
  /** Since when the judge has given no answer. */
  outage?: OutageClock;
  /** Where keys and credentials are looked up. */
  env?: NodeJS.ProcessEnv;
  /** Which of them may be sent where; without it, what needs no permission. */
  keyRules?: () => Promise<KeyRules>;
  /** Videos worked on at a time; default the number of cores. */
  parallel?: number;
  /** For links to runs. */
  temporalUiUrl?: string | undefined;
}
