import { z } from 'zod';
import type { CaptionReading } from '../judge/read-caption.ts';
import { caption } from './caption.ts';
import type { ComponentSection, GroupToScore, JudgedComponent, LocalComponent, RewardComponent } from './component.ts';
import { format } from './format.ts';
import { length } from './length.ts';
import { overlong } from './overlong.ts';
import { think } from './think.ts';

/** Every component of the reward, in the order in which totals are summed and tables list them. */
export const COMPONENTS = { format, think, caption, length, overlong } as const;

/**
 * The section `reward` of an experiment file: a section for every component. An optional component that a config does not
 * list is neither scored nor shown.
 */
export const RewardConfig = z.strictObject({
  format: format.config.prefault({}),
  think: think.config.prefault({}),
  caption: caption.config.prefault({}),
  length: length.config.optional(),
  overlong: overlong.config.optional(),
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
  return all(reward).flatMap(({ component, config }) =>
    component.scored === 'locally'
      ? [{ ...component, score: (group, tools) => component.score(group, config, tools) }]
      : [],
  );
}

/** The components that the judge is asked for, each with its section of the config. */
export function judgedComponents(
  reward: RewardConfig,
): (Configured<JudgedComponent> & { scoreOf(reading: CaptionReading): number | undefined })[] {
  return all(reward).flatMap(({ component, config }) =>
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

function all(reward: RewardConfig): { component: RewardComponent; config: ComponentSection }[] {
  return Object.values(COMPONENTS).flatMap((component) => {
    const config = reward[component.name as keyof typeof COMPONENTS];
    return config ? [{ component: component as RewardComponent, config }] : [];
  });
}
