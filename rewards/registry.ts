import { z } from 'zod';
import type { CaptionReading } from '../judge/read-caption.ts';
import { caption } from './caption.ts';
import type { ComponentSection, GroupToScore, JudgedComponent, LocalComponent, RewardComponent } from './component.ts';
import { format } from './format.ts';
import { referenceReward } from './reference/metric.ts';
import { REFERENCE_METRICS } from './reference/metrics.ts';
import { think } from './think.ts';

/** Every component of the reward, in the order in which totals are summed and tables list them. */
export const COMPONENTS = {
  format,
  think,
  caption,
  rougeL: referenceReward(REFERENCE_METRICS.rougeL),
  ciderD: referenceReward(REFERENCE_METRICS.ciderD),
  bleu4: referenceReward(REFERENCE_METRICS.bleu4),
  embedding: referenceReward(REFERENCE_METRICS.embedding),
} as const;

/** The section `reward` of an experiment file: a section for every component; those that are optional are not scored without it. */
export const RewardConfig = z.strictObject({
  format: format.config.prefault({}),
  think: think.config.prefault({}),
  caption: caption.config.prefault({}),
  rougeL: COMPONENTS.rougeL.config.optional(),
  ciderD: COMPONENTS.ciderD.config.optional(),
  bleu4: COMPONENTS.bleu4.config.optional(),
  embedding: COMPONENTS.embedding.config.optional(),
  /** What leaves the update when a completion cannot be scored. */
  unscorable: z.enum(['exclude-group', 'exclude-completion']).default('exclude-group'),
});
export type RewardConfig = z.infer<typeof RewardConfig>;

/** A component whose functions know their config section. */
type Configured<C extends RewardComponent> = Omit<C, 'score' | 'scoreOf'> & {
  score(group: GroupToScore, tools: Parameters<C['score']>[2]): ReturnType<C['score']>;
};

/** The components that are scored from texts alone, each with its section of the config. */
export function localComponents(reward: RewardConfig): Configured<LocalComponent>[] {
  return componentsOf(reward).flatMap(({ component, config }) =>
    component.scored === 'locally'
      ? [{ ...component, score: (group, tools) => component.score(group, config, tools) }]
      : [],
  );
}

/** The components that the judge is asked for, each with its section of the config. */
export function judgedComponents(
  reward: RewardConfig,
): (Configured<JudgedComponent> & { scoreOf(reading: CaptionReading): number | undefined })[] {
  return componentsOf(reward).flatMap(({ component, config }) =>
    component.scored === 'by the judge'
      ? [
          {
            ...component,
            score: (group, tools) => component.score(group, config, tools),
            scoreOf: (reading) => component.scoreOf?.(reading, config),
          },
        ]
      : [],
  );
}

/** The components that a config has a section for, in the registry's order. */
export function componentsOf(reward: RewardConfig): { component: RewardComponent; config: ComponentSection }[] {
  return Object.entries(COMPONENTS).flatMap(([name, component]) => {
    const config = reward[name as keyof typeof COMPONENTS];
    return config ? [{ component: component as RewardComponent, config }] : [];
  });
}
