import { clipped } from '../../core/clipped.ts';
import { type Score, unscorable, value } from '../../core/score.ts';
import type { CustomAnswer, CustomComponent } from '../component.ts';
import { CustomReward } from './custom-config.ts';

/** Chart colours of custom rewards, in the config's order. */
const COLOURS = ['accent', 'rose', 'olive'] as const;

/** Characters of a reason. It travels into histories. */
const LONGEST_REASON = 300;

/** The component that an entry of `reward.custom` stands for. @param index its place in the section, from 0. */
export function customComponent(name: string, { range }: CustomReward, index: number): CustomComponent<CustomReward> {
  return {
    name,
    config: CustomReward,
    range,
    colour: COLOURS[index % COLOURS.length]!,
    scored: 'by custom code',
    async score(group, config, { answers }) {
      const given = await answers(group);
      if (given.length !== group.completions.length)
        throw new Error(`${given.length} answers of reward ${name} for ${group.completions.length} completions.`);
      return given.map((answer) => readAnswer(name, config.range, answer));
    },
  };
}

/** An answer as a score: what is no number within the range is unscorable, with the reason. */
function readAnswer(name: string, [low, high]: CustomReward['range'], answer: CustomAnswer): Score {
  const fault = 'error' in answer ? answer.error : faultOf(answer.value, low, high);
  if (fault === undefined) return value((answer as { value: number }).value);
  return unscorable(`Reward ${name}: ${clipped(fault, LONGEST_REASON)}`);
}

function faultOf(number: number, low: number, high: number): string | undefined {
  if (!Number.isFinite(number)) return `it gave ${number}, which is no score`;
  if (number < low || number > high) return `it gave ${number}, outside of its range from ${low} to ${high}`;
  return undefined;
}
