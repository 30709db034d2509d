import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from '@temporalio/worker';
import { describe, expect, it } from 'vitest';
import { workflowBundle } from '../temporal-server.ts';

const FOLDER = fileURLToPath(new URL('../../histories/', import.meta.url));
const histories = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

/** Runs last for days: today's workflow code must still make the decisions that recorded runs made. */
describe('replay', () => {
  it('has a history of every workflow type', () => {
    const types = new Set(histories.map((name) => name.split('.')[0]));
    const index = readFileSync(fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url)), 'utf8');
    const known = [...index.matchAll(/^export \{ (\w+) \}/gm)].map(([, type]) => type);
    expect(known.length).toBeGreaterThan(2);
    expect([...types].sort()).toEqual(known.sort());
  });

  it.each(histories)('replays %s', async (name) => {
    const history = JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8'));
    // Ids of a sweep's runs begin with its own.
    const { workflowId } = history.events[0].workflowExecutionStartedEventAttributes;
    const id = workflowId ?? basename(name, '.json');
    await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, id);
  });
});
