import type { core } from 'zod';
import { REFERENCE_NAMES } from '../benchmarks/held-out-metrics.ts';
import type { DataFields } from '../datasets/data-fields.ts';
import { NO_JUDGE, needsSmallWorld } from '../judge/judge-config.ts';
import type { RewardComponent } from '../rewards/component.ts';
import { COMPONENTS, componentNames, componentsOf, neededInSome } from '../rewards/registry.ts';
import { judgeMissing } from './judge-missing.ts';
import type { ExperimentConfig } from './schema.ts';

type Raw = Record<string, unknown>;

/**
 * A config as a user wrote it, with the settings that follow from others and from the data, where the user does not
 * say:
 *
 * - without thoughts and events, completions are `plain`: the data teach captions and nothing else;
 * - without a judge in the config, own data that the rule-based judge cannot read have none;
 * - a reward that the data or the completions have nothing for, or that asks a judge that is not there, has weight 0;
 * - without a judge, the benchmark has the metrics that need none.
 *
 * The run's resolved config then has all of them, so that later stages need not know the data.
 */
export function withDataSettings(raw: Readonly<Raw>, data?: DataFields): Raw {
  const [prompt, judge] = [sectionOf(raw.prompt), sectionOf(raw.judge)];
  const output = prompt?.output ?? (data && onlyCaptions(data) ? 'plain' : undefined);
  const judged = judge ? judge.kind !== NO_JUDGE.kind : raw.judge !== undefined || data?.notSmallWorld === undefined;
  const settings: [section: string, value: Raw][] = [];
  if (output !== undefined) settings.push(['prompt', { output }]);
  if (!judged) settings.push(['judge', NO_JUDGE]);
  // Components that a config has only if it lists them are left alone: a default would add them, and a listed one is
  // refused where nothing serves it.
  const inEveryConfig = componentNames(() => false);
  const hasNothing = (component: RewardComponent) => {
    const field = neededInSome(component);
    return field !== undefined && (output === 'plain' || data?.train[field] === false);
  };
  const idle = Object.values(COMPONENTS).filter(
    (component) =>
      inEveryConfig.includes(component.name) &&
      (hasNothing(component) || (component.scored === 'by the judge' && !judged)),
  );
  settings.push(['reward', Object.fromEntries(idle.map(({ name }) => [name, { weight: 0 }]))]);
  if (!judged && sectionOf(raw.benchmark)?.judge === undefined)
    settings.push(['benchmark', { metrics: REFERENCE_NAMES }]);
  return settings.reduce((config, [section, value]) => withDefaults(config, section, value), { ...raw });
}

/** What a config asks for that its data have nothing for. */
export function dataIssues(config: ExperimentConfig, data: DataFields | undefined): core.$ZodIssue[] {
  if (!data) return [];
  const issues: core.$ZodIssue[] = [];
  const refuse = (path: string[], message: string) =>
    issues.push({ code: 'custom', path, message, input: undefined } as core.$ZodIssue);
  const remedy = 'set judge.kind to llm, with judge.baseUrl and judge.model';
  const noJudge = `nothing judges the captions of ${data.file}: ${remedy}`;
  for (const { component, config: section } of componentsOf(config.reward)) {
    const { name } = component;
    const field = neededInSome(component);
    if (section.weight > 0 && field && !data.train[field])
      refuse(
        ['reward', name],
        `no sample of ${data.file} has the field "${field}": add it with videocap annotate, or set ` +
          `reward.${name}.weight to 0`,
      );
  }
  for (const { path, off } of judgeMissing(config)) refuse(path, `${noJudge}, or ${off}`);
  if (needsSmallWorld(config.judge) && data.notSmallWorld !== undefined)
    refuse(
      ['judge', 'kind'],
      `the references of ${data.file} are not of the small world: set llm, with judge.baseUrl and judge.model, or none`,
    );
  return issues;
}

function onlyCaptions({ train, heldOut }: DataFields): boolean {
  return ![train, heldOut].some(({ thought, events }) => thought || events);
}

/** Fills in what a section lacks. What is no section is left for the schema to refuse. */
function withDefaults(raw: Raw, name: string, defaults: Raw): Raw {
  if (Object.keys(defaults).length === 0) return raw;
  if (raw[name] === undefined) return { ...raw, [name]: defaults };
  const section = sectionOf(raw[name]);
  return section ? { ...raw, [name]: { ...defaults, ...section } } : raw;
}

function sectionOf(value: unknown): Raw | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : undefined;
}
