import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainedLines } from '../../../../cli/commands/explain.ts';
import { explainClip } from '../../../../cli/run/explain-clip.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { refusal } from '../../../refusal.ts';
import { type OpenAiServer, startOpenAiServer } from '../../../servers/openai-server.ts';
import { judgedRun } from '../../report/judged-run.ts';

let folder: string;
let store: ArtifactStore;
let server: OpenAiServer;
let run: Awaited<ReturnType<typeof judgedRun>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-explain-'));
  store = new ArtifactStore(folder);
  server = await startOpenAiServer();
  run = await judgedRun(store, server.baseUrl, { steps: 2, samples: 2 });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const CLIP = 'held-out-000001';

describe('videocap explain', () => {
  it('follows a number to its caption, the judge`s answers, the policy, the frames and the file', async () => {
    const asked = server.requests.length;
    const explained = await explainClip(store, { run: run.runKey, clip: CLIP });
    const lines = explainedLines(explained, '/data/v.mp4');
    const { policy, metrics } = run.evaluations.at(-1)!;
    expect(lines[0]).toBe(`run        ${run.runKey}, benchmark after step 2`);
    expect(lines[1]).toBe(`clip       ${CLIP}`);
    expect(lines[2]).toMatch(/^number {5}event recall \d\.\d{3}, precision \d\.\d{3}, /);
    expect(lines[3]).toContain(`part of eventF1 ${metrics.eventF1!.toFixed(1)}`);
    const text = lines.join('\n');
    const { caption } = explained.caption.parsed;
    expect(text).toContain(`caption    ${caption}`);
    // The caption's events, whether they are in the reference, and whether the reference's are in the caption.
    expect(explained.asked.map(({ entry }) => entry.prompt).sort()).toEqual([
      'event-entailment.v1',
      'event-entailment.v1',
      'event-extraction.v1',
    ]);
    expect(text).toContain('judge      judge-1, 3 questions:');
    for (const { key, entry } of explained.asked) {
      expect(text).toContain(`key       ${key}`);
      expect(text).toContain(entry.attempts[0]!.text.split('\n')[0]);
    }
    expect(text).toContain(`weights    sha256 ${policy.weights.sha256}`);
    expect(text).toContain('frames     not in the store any more');
    expect(lines.at(-1)).toBe('file       /data/v.mp4');
    expect(server.requests).toHaveLength(asked);
    expect(text).not.toContain(run.secret);
  });

  it('explains another benchmark by its step', async () => {
    const explained = await explainClip(store, { run: run.runKey, clip: CLIP, step: 0 });
    expect(explained.policy).toEqual(run.evaluations[0]!.policy);
  });

  it('names what it has where a clip, a benchmark or a run is not there', async () => {
    const { runKey } = run;
    const explained = (more: object) => explainClip(store, { run: runKey, clip: CLIP, ...more });
    await expect(explained({ clip: 'other' })).rejects.toEqual(refusal('InvalidInput', runKey, 'other', CLIP));
    await expect(explained({ step: 7 })).rejects.toEqual(refusal('InvalidInput', runKey, 7, '0, 1, 2'));
    await expect(explained({ run: 'nothing' })).rejects.toEqual(refusal('InvalidInput', 'nothing'));
  });
});
