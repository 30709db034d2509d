import { z } from 'zod';
import type { ReferenceField, SampleFields } from '../core/sample.ts';
import type { CaptionReading } from '../judge/read-caption.ts';
import { caption } from './caption.ts';
import { checklist } from './checklist.ts';
import type {
  ComponentSection,
  CustomComponent,
  JudgedComponent,
  LocalComponent,
  RewardComponent,
} from './component.ts';
import { customComponent } from './custom/custom-component.ts';
import { CustomName, CustomReward } from './custom/custom-config.ts';
import { format } from './format.ts';
import { length } from './length.ts';
import { overlong } from './overlong.ts';
import { qa } from './qa.ts';
import { referenceReward } from './reference/metric.ts';
import { REFERENCE_METRICS } from './reference/metrics.ts';
import { EmbeddingModelConfig } from './think/embedding-config.ts';
import { think } from './think.ts';

/** The components of the project, in the order in which totals are summed and tables list them. */
export const COMPONENTS = {
  ...{ format, think, caption, qa, checklist, length, overlong },
  rougeL: referenceReward(REFERENCE_METRICS.rougeL),
  ciderD: referenceReward(REFERENCE_METRICS.ciderD),
  bleu4: referenceReward(REFERENCE_METRICS.bleu4),
  embedding: referenceReward(REFERENCE_METRICS.embedding),
} as const;

/** Rewards of one's own in a config. */
const MOST_CUSTOM = 32;

/** Names that metrics and tables have for something else. */
const TAKEN = new Set([
  ...Object.keys(COMPONENTS),
  ...['mean', 'std', 'excluded', 'id', 'completion', 'reference', 'reward', 'advantage', 'sample', 'step'],
  'constructor', // every object has it
]);

/**
 * The section `reward` of an experiment file: a section for every component. An optional component that a config does
 * not list is neither scored nor shown.
 */
export const RewardConfig = z.strictObject({
  format: format.config.prefault({}),
  think: think.config.prefault({}),
  caption: caption.config.prefault({}),
  qa: qa.config.optional(),
  checklist: checklist.config.optional(),
  length: length.config.optional(),
  overlong: overlong.config.optional(),
  /** Likeness to the reference caption, in [0, 1]: the longest common subsequence of words (ROUGE-L). */
  rougeL: COMPONENTS.rougeL.config.optional(),
  /** Likeness to the reference caption, in [0, 10]: common n-grams, of which rare ones count more (CIDEr-D). */
  ciderD: COMPONENTS.ciderD.config.optional(),
  /** Likeness to the reference caption, in [0, 1]: the precision of 1- to 4-grams (BLEU-4). */
  bleu4: COMPONENTS.bleu4.config.optional(),
  /** Likeness to the reference caption, in [0, 1]: the cosine of sentence embeddings. */
  embedding: COMPONENTS.embedding.config.optional(),
  /** Rewards of one's own, by name. They count after the others, in the order in which they stand here. */
  custom: z
    .record(
      CustomName.refine((name) => !TAKEN.has(name), 'choose another, since metrics and tables use this one'),
      CustomReward,
    )
    .refine((custom) => Object.keys(custom).length <= MOST_CUSTOM, {
      error: ({ input }) =>
        `name at most ${MOST_CUSTOM} of them, not ${Object.keys(input as object).length}: each is a metric of every ` +
        'step',
    })
    .optional(),
  /**
   * A model that `think` and `embedding` compare phrases with, in place of the English one that the set-up installs
   * (bge-small-en).
   */
  embeddingModel: EmbeddingModelConfig.optional(),
  /** What leaves the update when a completion cannot be scored. */
  unscorable: z.enum(['exclude-group', 'exclude-completion']).default('exclude-group'),
});
export type RewardConfig = z.infer<typeof RewardConfig>;

/** A component whose functions know their config section. */
type Configured<C extends RewardComponent> = Omit<C, 'score' | 'scoreOf'> & {
  score(group: Parameters<C['score']>[0], tools: Parameters<C['score']>[2]): ReturnType<C['score']>;
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

/** The components that custom code scores, each with its section of the config. */
export function customComponents(reward: RewardConfig): Configured<CustomComponent>[] {
  return componentsOf(reward).flatMap(({ component, config }) =>
    component.scored === 'by custom code'
      ? [{ ...component, score: (group, tools) => component.score(group, config, tools) }]
      : [],
  );
}

/**
 * Every component of a reward with its section of the config, in the order in which totals are summed and tables list
 * them. A section may be missing in the config of a run that began before there was such a component.
 */
export function componentsOf(reward: RewardConfig): { component: RewardComponent; config: ComponentSection }[] {
  const builtIn = Object.values(COMPONENTS).map((component) => ({
    component: component as RewardComponent,
    config: reward[component.name as keyof typeof COMPONENTS] as ComponentSection | undefined,
  }));
  const custom = Object.entries(reward.custom ?? {}).map(([name, config], i) => ({
    component: customComponent(name, config, i) as RewardComponent,
    config,
  }));
  return [...builtIn, ...custom].flatMap(({ component, config }) => (config ? [{ component, config }] : []));
}

/** What the components need of every training sample, and which component it is that needs it. */
export function neededFields(reward: RewardConfig): { field: ReferenceField; component: string }[] {
  return componentsOf(reward).flatMap(({ component: { name, needs } }) =>
    needs?.in === 'every sample' ? [{ field: needs.field, component: name }] : [],
  );
}

/** The field that some sample of a data set must have for this component, if it needs one. */
export function neededInSome({ needs }: Pick<RewardComponent, 'needs'>): keyof SampleFields | undefined {
  return needs?.in === 'some sample' ? needs.field : undefined;
}

/** Names of components: those that every config has, and of the others those for which `has` is true. */
export function componentNames(has: (name: string) => boolean): string[] {
  return Object.keys(COMPONENTS).filter((name) => DEFAULTS.has(name) || has(name));
}

const DEFAULTS: ReadonlySet<string> = new Set(Object.keys(RewardConfig.parse({})));
