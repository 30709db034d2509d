import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { LONGEST_KEYWORD, type RunAttributes, SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';
import { clipped } from '../core/clipped.ts';

type Name = keyof RunAttributes;

/** What Temporal knows of this execution. Each has its own modules. */
let known: RunAttributes | undefined;

/**
 * Tells Temporal by what it finds this run. What it knows already is left out, since each change is an event of the
 * history.
 */
export function noteAttributes(attributes: RunAttributes): void {
  known ??= attributesAtStart();
  const before = known;
  const changed = (Object.keys(attributes) as Name[]).filter(
    (name) => attributes[name] !== undefined && stored(attributes[name]) !== (before[name] ?? null),
  );
  if (changed.length === 0) return;
  upsertSearchAttributes(changed.map((name) => pair(name, stored(attributes[name]))));
  known = { ...known, ...Object.fromEntries(changed.map((name) => [name, stored(attributes[name])])) };
}

/** Those that the start form has copied from another run, or that this run had before it continued as new. */
function attributesAtStart(): RunAttributes {
  const { typedSearchAttributes } = workflowInfo();
  const names = Object.keys(SEARCH_ATTRIBUTES) as Name[];
  return Object.fromEntries(names.map((name) => [name, typedSearchAttributes.get(keyOf(name)) ?? null]));
}

function stored(value: RunAttributes[Name]): string | number | boolean | null {
  return typeof value === 'string' ? clipped(value, LONGEST_KEYWORD) : (value ?? null);
}

function pair(name: Name, value: unknown): SearchAttributeUpdatePair {
  return { key: keyOf(name), value } as SearchAttributeUpdatePair;
}

function keyOf(name: Name) {
  const { name: key, type } = SEARCH_ATTRIBUTES[name];
  return defineSearchAttributeKey(key, type);
}
