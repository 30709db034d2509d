import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { parseCompletion } from '../../../../core/completion.ts';
import type { Sample } from '../../../../core/sample.ts';
import type { Score } from '../../../../core/score.ts';
import { startOutageClock } from '../../../../judge/client/patient-endpoint.ts';
import type { CustomGroup } from '../../../../rewards/component.ts';
import { AllowedRewards } from '../../../../rewards/custom/allowed-rewards.ts';
import { pinCustomRewards, withCustomRewards } from '../../../../rewards/custom/custom-kinds.ts';
import type { ScoringScope } from '../../../../rewards/custom/scorer.ts';
import { RewardConfig } from '../../../../rewards/registry.ts';

export const sample: Sample = {
  id: 'a',
  video: { path: '/secret/place/v.mp4', sha256: '', bytes: 1 },
  caption: 'A small red star grows.',
  events: ['a small red star grows'],
};

export function groupOf(...captions: string[]): CustomGroup {
  const texts = captions.map((caption) => `<answer>${caption}</answer>`);
  return { sample, texts, completions: texts.map((text) => parseCompletion(text)) };
}

/** The folder of an owner with files in it, and what its rewards say. */
export class CustomWorld {
  readonly folder: string;
  readonly store: ArtifactStore;

  private constructor(folder: string) {
    this.folder = folder;
    this.store = new ArtifactStore(join(folder, 'store'));
  }

  static async create(): Promise<CustomWorld> {
    return new CustomWorld(await realpath(await mkdtemp(join(tmpdir(), 'videocap-custom-'))));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  async write(path: string, text: string): Promise<string> {
    const full = join(this.folder, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, text);
    return full;
  }

  scope(allowed: object, more: Partial<ScoringScope> = {}): ScoringScope {
    return {
      allowed: AllowedRewards.parse(allowed),
      allowedPath: '/home/allowed.yaml',
      ...{ folder: this.folder, env: {}, store: this.store, outage: startOutageClock() },
      place: { runKey: 'r', step: 1 },
      ...more,
    };
  }

  /** The config with its notes, as a run has it. */
  async pinned(custom: object, scope: ScoringScope): Promise<RewardConfig> {
    return pinCustomRewards(RewardConfig.parse({ custom }), scope);
  }

  /** Scores of groups by the first custom reward. */
  async scores(reward: RewardConfig, scope: ScoringScope, ...groups: CustomGroup[]): Promise<Score[][]> {
    return withCustomRewards(reward, scope, ([first]) => Promise.all(groups.map((group) => first!.score(group))));
  }
}
