import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, VideocapError } from '../../../core/errors.ts';

/** Every code, in the order of `ErrorCode`: one that is missing here does not compile. */
const CODES: Readonly<Record<ErrorCode, 'yes' | 'no' | 'after `resume`'>> = {
  InvalidInput: 'no',
  InvalidConfig: 'no',
  InvalidDataset: 'no',
  InvalidVideo: 'no',
  InvalidModel: 'no',
  Diverged: 'after `resume`',
  CorruptArtifact: 'no',
  ArtifactConflict: 'no',
  MissingTool: 'no',
  JudgeBlocked: 'after `resume`',
  RolloutRefused: 'no',
  Superseded: 'yes',
  Stuck: 'yes',
  TooLarge: 'no',
  WorkerDied: 'after `resume`',
  ReplayDiffers: 'after `resume`',
  Unavailable: 'yes',
};

const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
const [codes = '', others = ''] = page.split('\nThe Temporal UI shows');
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:code|type) \|/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')));

describe('docs/errors.md', () => {
  test('has a row for every code, in their order, and no other', () => {
    expect(rowsOf(codes).map(([code]) => code)).toEqual(Object.keys(CODES).map((code) => `\`${code}\``));
  });

  test.each(rowsOf(codes))(
    '%s: is tried again as the page says, and has meaning, causes and remedy',
    (code, ...cells) => {
      const known = code!.replaceAll('`', '') as ErrorCode;
      expect(cells).toHaveLength(4);
      for (const cell of cells) expect(cell).not.toBe('');
      expect(cells[0]).toBe(CODES[known]);
      expect(new VideocapError(known, '').retryable).toBe(cells[0] === 'yes');
    },
  );

  test('names the types that the Temporal UI shows besides', () => {
    const files = ['parse-input.ts', 'index.ts', 'stopped-by-user.ts', 'timed-out.ts'].map(
      (name) => `workflows/${name}`,
    );
    const source = ['workers/activity-runtime.ts', 'workers/engine-seat.ts', 'contracts/held-by.ts', ...files]
      .map((path) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'))
      .join('\n');
    const named = rowsOf(others).flatMap(([type]) => /^`(\w+)`$/.exec(type!)?.[1] ?? []);
    expect(named).toEqual([
      ...['InvalidRunInput', 'UnknownWorkflowType', 'InvalidStageInput', 'WeightsElsewhere', 'EngineBusy'],
      ...['UnexpectedError', 'Stopped', 'TimedOut'],
    ]);
    for (const type of named) expect(source).toContain(`'${type}'`);
  });
});
