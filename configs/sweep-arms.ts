import { uniformAt } from '../core/random.ts';
import type { OverrideValue } from './override-value.ts';
import type { ArmFields, Changes, Range } from './sweep-file.ts';

/** An arm without `grid` and `random`. */
export interface PlainArm {
  name: string;
  set: Changes;
  seeds?: number[] | undefined;
  after?: string | undefined;
}

/** Longer names would not fit into ids. */
const LONGEST_NAME = 60;

/** The arms that the arms of a file stand for, in the file's order. Deterministic. */
export function expandArms(arms: Readonly<Record<string, ArmFields>>): PlainArm[] {
  return Object.entries(arms).flatMap(([name, { set, seeds, after, grid, random }]) => {
    const combinations = crossed(grid ?? {}).flatMap((chosen) =>
      random ? draws(name, random).map((drawn) => ({ ...chosen, ...drawn })) : [chosen],
    );
    const names = namesOf(name, combinations);
    return combinations.map((chosen, i) => ({ name: names[i]!, set: { ...set, ...chosen }, seeds, after }));
  });
}

/** Every combination of the values, the last key changing fastest; `{}` alone without keys. */
function crossed(grid: Readonly<Record<string, readonly OverrideValue[]>>): Changes[] {
  return Object.entries(grid).reduce<Changes[]>(
    (made, [key, values]) => made.flatMap((before) => values.map((value) => ({ ...before, [key]: value }))),
    [{}],
  );
}

function draws(arm: string, { count, seed, keys }: NonNullable<ArmFields['random']>): Changes[] {
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      Object.entries(keys).map(([key, range]) => [key, valueIn(range, uniformAt(seed, ['sweep', arm, key, i]))]),
    ),
  );
}

/** @param uniform in [0, 1). Numbers have three digits, which people can read and repeat. */
function valueIn(range: Range, uniform: number): OverrideValue {
  if ('oneOf' in range) return range.oneOf[Math.floor(uniform * range.oneOf.length)]!;
  const { from, to, scale, whole } = range;
  if (whole && scale === 'linear') return Math.floor(from + uniform * (to - from + 1));
  const value = scale === 'log' ? from * (to / from) ** uniform : from + uniform * (to - from);
  return whole ? Math.round(value) : Number(value.toPrecision(3));
}

/** `grpo.beta-0.04.groupSize-8`; numbered where that is too long, or not different. */
function namesOf(arm: string, combinations: readonly Changes[]): string[] {
  if (combinations.length === 1 && Object.keys(combinations[0]!).length === 0) return [arm];
  const spoken = combinations.map((chosen) => [arm, ...Object.entries(chosen).map(partOf)].join('.'));
  const isUsable =
    new Set(spoken).size === spoken.length &&
    spoken.every((name) => /^[A-Za-z0-9.-]+$/.test(name)) &&
    Math.max(...spoken.map(({ length }) => length)) <= LONGEST_NAME;
  return isUsable ? spoken : combinations.map((_, i) => `${arm}.${i + 1}`);
}

function partOf([key, value]: [string, OverrideValue]): string {
  return `${key.split('.').at(-1)}-${typeof value === 'object' ? '?' : value}`;
}
