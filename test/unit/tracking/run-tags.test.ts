import { describe, expect, it } from 'vitest';
import type { CaptionsMadeWith } from '../../../benchmarks/suites/made-with.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { Evaluation } from '../../../contracts/run-results.ts';
import {
  bestTags,
  collapseTags,
  endTags,
  finishNote,
  identityTags,
  madeWithTags,
  noteAtStart,
  runTags,
} from '../../../tracking/run-tags.ts';

const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const evaluation = (step: number, eventF1: number): Evaluation => ({
  ...{ step, metrics: { eventF1 }, captions: ref, details: ref, judge: { model: 'm', prompts: [] } },
  policy: { model: 'tiny', step, weights: ref },
});
const tagsOf = (config: unknown, origin = {}) =>
  new Map(
    runTags({ runKey: 'k', config: ExperimentConfig.parse(config), env: {}, ...origin }).map((tag) => [
      tag.key,
      tag.value,
    ]),
  );

describe('runTags', () => {
  it('lead to the Temporal run, where its UI is known', () => {
    const execution = { namespace: 'default', workflowId: 'a b/c', runId: 'r' };
    const tags = tagsOf({}, { execution, temporalUiUrl: 'http://127.0.0.1:8233', commit: 'abc' });
    expect(tags.get('temporal.url')).toBe('http://127.0.0.1:8233/namespaces/default/workflows/a%20b%2Fc/r/history');
    expect(tags.get('mlflow.note.content')).toContain(`[The run in Temporal](${tags.get('temporal.url')})`);
    expect(tags.get('mlflow.source.git.commit')).toBe('abc');
    expect(tagsOf({}).has('temporal.url')).toBe(false);
  });

  it('say which checkpoint of another run it started from', () => {
    const trainedFrom = { run: 'sft-1', step: 40, weights: 'ab'.repeat(32) };
    const tags = tagsOf({ policy: { model: 'run:sft-1@40' } }, { trainedFrom });
    expect(tags.get('videocap.trainedFrom')).toBe('run:sft-1@40');
    expect(tags.get('videocap.trainedFrom.weights')).toBe('ab'.repeat(32));
    expect(tags.get('mlflow.note.content')).toContain('Started from step 40 of sft-1 (weights abababababab).');
  });

  it('say by what the think score compares phrases', () => {
    expect(tagsOf({}).get('videocap.think.comparedBy')).toBe('bge-small-en');
    const words = tagsOf({ reward: { think: { similarity: 'token-f1' } } });
    expect(words.get('videocap.think.comparedBy')).toBe('common words (token-f1)');
  });

  it('say which run it was forked from, and at which step', () => {
    const tags = tagsOf({}, { forkedFrom: { run: 'parent-1', step: 60 } });
    expect(tags.get('videocap.forkedFrom')).toBe('run:parent-1@60');
    expect([tags.get('videocap.forkedFrom.run'), tags.get('videocap.forkedFrom.step')]).toEqual(['parent-1', '60']);
    expect(tags.get('mlflow.note.content')).toContain('Forked from step 60 of parent-1.');
  });

  it('say who judges', () => {
    expect(tagsOf({}).get('mlflow.note.content')).toContain('rule-based, no LLM');
    const openai = tagsOf({ judge: { kind: 'llm', model: 'some-model' } });
    expect(openai.get('mlflow.note.content')).toContain('Judge: `some-model`.');
  });
});

describe('identityTags', () => {
  it('name each version of each part, and what has changed', () => {
    const identity = {
      seen: {
        frames: [{ ffmpeg: '7.1' }],
        judge: [
          { model: 'm', fingerprint: 'a' },
          { model: 'm', fingerprint: 'b' },
        ],
      },
      warnings: [{ part: 'judge' as const, step: 3, sentence: 'it changed' }],
    };
    expect(identityTags(identity)).toEqual([
      { key: 'videocap.identity.frames', value: 'ffmpeg 7.1' },
      { key: 'videocap.identity.judge', value: 'model m, fingerprint a\nmodel m, fingerprint b' },
      { key: 'videocap.identity.changes', value: 'it changed' },
    ]);
    expect(identityTags({ ...identity, warnings: [] })).toHaveLength(2);
    expect(identityTags(undefined)).toEqual([]);
    expect(finishNote('As it was.', [], undefined, { identity })).toContain('**How it ended:** it changed.');
  });
});

describe('finishNote', () => {
  const evaluations = [evaluation(0, 41.24), evaluation(20, 30), evaluation(40, 48.36)];
  it('puts the result below the description, once however often', () => {
    const once = finishNote('As it was.', evaluations, 'report.html');
    expect(once).toBe(
      'As it was.\n\n**Held-out, base → trained:** event F1 41.2 → 48.4 (+7.1). Videos and captions: artifact ' +
        '`report.html`.',
    );
    expect(finishNote(once, evaluations, 'report.html')).toBe(once);
  });
  it('says which checkpoint was exported, and why the run ended', () => {
    const best = { step: 20, metric: 'eventF1', value: 61.25, endedEarly: 'it no longer rose' };
    const note = finishNote('As it was.', [evaluation(0, 41), evaluation(20, 61.25), evaluation(40, 48)], undefined, {
      best,
    });
    expect(note).toContain('event F1 41.0 → 61.3 (+20.3).');
    expect(note).toContain('Best checkpoint, exported: step 20, eventF1 61.25. Ended early: it no longer rose.');
    expect(bestTags(best)).toContainEqual({ key: 'videocap.best.step', value: '20' });
    expect(bestTags(undefined)).toEqual([]);
  });
  it('says what its figures were made with, of each benchmark', () => {
    const captions: CaptionsMadeWith = { by: 'file', file: 'p.jsonl', sha256: 'ab'.repeat(32), captions: 3 };
    const judge = { model: 'm', prompts: [] };
    const suite = {
      ...{ suite: 'vdc' as const, step: 0, metrics: {}, judge, result: ref, report: ref, drillDown: ref },
      counts: { items: 1, scored: 1, withoutCaption: 0, unscorable: 0, missing: 0 },
      madeWith: { captions, quirks: ['dropZeros'], variants: [] },
    };
    const evaluations = [{ ...evaluation(0, 41), made: captions, suites: [suite] }, evaluation(40, 47.5)];
    expect(madeWithTags(evaluations)).toEqual([
      {
        key: 'videocap.madeWith.held-out',
        value: 'Made with: 3 captions of p.jsonl (sha256 abababababab); judge m',
      },
      {
        key: 'videocap.madeWith.vdc',
        value: 'Made with: 3 captions of p.jsonl (sha256 abababababab); judge m; quirks dropZeros',
      },
    ]);
    expect(madeWithTags([evaluation(0, 41)])).toEqual([]);
  });
  it('says which scores compared texts by characters', () => {
    const read = { 'think/byCharacters': 83.4 };
    const after = { ...evaluation(40, 48), metrics: { eventF1: 48, ...read } };
    expect(finishNote('As it was.', [evaluation(0, 41), after], undefined)).toContain(
      '(+7.0). think: 83 % of texts by characters.',
    );
  });

  it('says how a run ended, with results or without, and takes that back when the run continues', () => {
    const end = { how: 'cancelled' as const, step: 12, totalSteps: 60, whilePaused: true };
    const collapse = [{ kind: 'length' as const, step: 9, sentence: 'completions grew' }];
    const ended =
      '**How it ended:** Cancelled after step 12 of 60, while it was paused. The policy may have collapsed (step 9): ' +
      'completions grew.';
    for (const results of [[], evaluations]) {
      const note = finishNote('As it was.', results, undefined, { end, collapse });
      expect(note).toContain(ended);
      expect(finishNote(note, results, undefined, { end, collapse })).toBe(note);
      expect(noteAtStart(note)).toBe('As it was.');
    }
    expect(endTags({ end, setAside: { samples: 1, of: 9 } })).toEqual([
      { key: 'videocap.end', value: 'Cancelled after step 12 of 60, while it was paused' },
      { key: 'videocap.setAside', value: '1 of 9 samples was set aside (the report lists it with its reason)' },
    ]);
    expect(collapseTags(collapse)).toHaveLength(1);
    expect([...collapseTags([]), ...endTags({ setAside: { samples: 0, of: 9 } })]).toEqual([]);
  });
  it('leaves a run without results as it is', () => {
    expect(finishNote('As it was.', [], undefined)).toBe('As it was.');
  });
});
