import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReportActivities } from '../../../activities/report.ts';
import { WriteReportInput } from '../../../contracts/report.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { keyOfContent, nameIn } from '../../../core/stored-ref.ts';
import { Decoding } from '../../../core/token-filters.ts';
import { readReportContent } from '../../../report/report-content.ts';
import { reportPage } from '../../../report/report-page.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { type SyntheticRun, type SyntheticRunOptions, syntheticRun } from '../report/synthetic-run.ts';

const SENTENCES = 'sentence-embedding' as const;

let folder: string;
let store: ArtifactStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-report-'));
  store = new ArtifactStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function inputOf({ runKey, config, manifest, heldOutClips, evaluations, lastStep }: SyntheticRun) {
  return { runKey, config, manifest, heldOutClips, evaluations, lastStep };
}

function writeReport(run: SyntheticRun, change = {}) {
  const activities = createReportActivities({ store, temporalUiUrl: 'http://127.0.0.1:8233/' });
  return activities.writeReport({ ...inputOf(run), ...change });
}

async function page(options: SyntheticRunOptions = {}, change: (run: SyntheticRun) => object = () => ({})) {
  const run = await syntheticRun(store, options);
  const { report } = await writeReport(run, change(run));
  const text = (await store.read(report)).toString('utf8');
  const { document } = parseHTML(text);
  return { text, document, said: document.querySelector('main')!.textContent.replaceAll(/\s+/g, ' ') };
}

describe('writeReport', () => {
  it('shows results, curves, all held-out videos and the config, in one file that needs no other', async () => {
    const execution = { workflowId: 'quickstart 1', runId: 'abc' };
    const mlflowRunUrl = 'http://127.0.0.1:5000/#/experiments/1/runs/r';
    const { text, document, said } = await page({ samples: 8 }, () => ({ execution, mlflowRunUrl }));
    expect(document.querySelector('title')!.textContent).toBe('quickstart: GRPO report');
    expect([...document.querySelectorAll('.links a')].map((a) => a.getAttribute('href'))).toEqual([
      'http://127.0.0.1:8233/namespaces/default/workflows/quickstart%201/abc/history',
      mlflowRunUrl,
    ]);
    expect(document.querySelectorAll('.tile')).toHaveLength(4);
    expect(document.querySelectorAll('svg.plot')).toHaveLength(8);
    expect(document.querySelectorAll('article.video')).toHaveLength(8);
    expect(document.querySelectorAll('article.video .answer')).toHaveLength(24);
    expect(document.querySelectorAll('article.video img')).toHaveLength(8);
    expect(said).toMatch(/format 1\.00 think \d\.\d\d caption \d\.\d\d reward \d\.\d\d/);
    expect(said).toContain('held-out-000000');
    expect(document.querySelector('.config pre')!.textContent).toContain('learningRate: 0.00002');
    const sources = [...document.querySelectorAll('[src]')].map((each) => each.getAttribute('src')!);
    expect(sources.every((source) => source.startsWith('data:'))).toBe(true);
    expect(count(document, 'link, iframe, object, script[src]')).toBe(0);
    expect(text).not.toMatch(/@import|url\(/);
  });

  it('runs its own script alone, which its policy names by its hash, and asks for nothing', async () => {
    const { text, document } = await page();
    expect(count(document, 'script')).toBe(1);
    const script = /<script>([\s\S]*?)<\/script>/.exec(text)![1]!;
    const policy = document.querySelector('meta[http-equiv]')!.getAttribute('content')!;
    expect(policy).toContain(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('connect-src');
    expect(document.querySelector('main')!.hasAttribute('data-goes-on')).toBe(false);
  });

  it('has headings that links can lead to, links that leave its frame, and videos with names', async () => {
    const execution = { workflowId: 'q', runId: 'abc' };
    const { document } = await page({ video: async () => Buffer.from('film') }, () => ({ execution }));
    const headings = [...document.querySelectorAll('h2')].map(({ id }) => id);
    expect(headings).toEqual(['results', 'training', 'clips', 'completions', 'made-with', 'quarantine', 'config']);
    const sections = [...document.querySelectorAll('main > section')];
    expect(sections.map((each) => each.getAttribute('aria-labelledby'))).toEqual(headings);
    expect(document.querySelector('.links a')!.getAttribute('target')).toBe('_blank');
    const names = [...document.querySelectorAll('video')].map((video) => video.getAttribute('aria-label'));
    expect(names).toHaveLength(8);
    expect(names).toContain('Video held-out-000003');
  });

  it('says what each clip scored and how that changed, for the orders that a reader can choose', async () => {
    const { document } = await page();
    const orders = [...document.querySelectorAll('#order option')].map((option) => option.getAttribute('value'));
    expect(orders).toEqual(['picked', 'changed', 'best', 'worst']);
    for (const card of document.querySelectorAll('article.video')) {
      const [score, change] = [card.getAttribute('data-score'), card.getAttribute('data-change')].map(Number);
      expect(card.textContent.replaceAll(/\s+/g, ' ')).toContain(
        `Event F1 ${score!.toFixed(1)}, ${change! < 0 ? '−' : '+'}${Math.abs(change!).toFixed(1)} by training`,
      );
    }
  });

  it('shows the completions of every step, with what they earned', async () => {
    const { document } = await page({ steps: 3 });
    const steps = [...document.querySelectorAll('.step')];
    expect(steps.map((step) => step.getAttribute('data-step'))).toEqual(['1', '2', '3']);
    expect(count(steps[0]!, '.group')).toBe(2);
    expect(count(steps[0]!, 'tbody tr')).toBe(8);
    const columns = [...steps[0]!.querySelectorAll('thead tr')[0]!.children].map(({ textContent }) => textContent);
    expect(columns).toEqual(['completion', 'format', 'think', 'caption', 'reward', 'advantage']);
    expect(document.querySelector('#step')!.getAttribute('max')).toBe('2');
  });

  it('says when, by what command and with what the run began, and what differs from the named config', async () => {
    const run = await syntheticRun(store);
    await store.putJson(keyOf('started', { runKey: run.runKey }), {
      ...{ time: Date.UTC(2026, 0, 2, 3, 4), config: 'quickstart', commit: 'c0ffee', machine: { cores: '2' } },
      overrides: { 'algorithm.steps': 4, 'judge.model': "it's <b>" },
      ...{ named: { 'algorithm.steps': 60 }, versions: { 'videocap-r1': '0.1.0' } },
    });
    const { report } = await writeReport(run, { end: { how: 'stopped', step: 4, totalSteps: 60 } });
    const { document } = parseHTML((await store.read(report)).toString());
    const rows = [...document.querySelectorAll('[aria-labelledby="made-with"] tr')].map((row) =>
      [...row.children].map(({ textContent }) => textContent.replaceAll(/\s+/g, ' ')),
    );
    expect(rows).toEqual([
      ['run', 'quickstart-1-0a1b2c3d'],
      ['began', '2026-01-02 03:04 UTC'],
      ['last step', expect.stringMatching(/^step 4, 2026-/)],
      ['ended', 'Stopped by a user after step 4 of 60'],
      ['command', `videocap run quickstart --set algorithm.steps=4 --set 'judge.model=it'\\''s <b>'`],
      ['commit', 'c0ffee'],
      ['versions', 'videocap-r1 0.1.0'],
      ['machine', 'cores 2'],
      ['checkpoint', 'tiny, step 4, weights 000000000000'],
      ['data set', 'shapes-exact-1, digest d1d1d1d1d1d1'],
      ['differs from quickstart', 'there', 'here'],
      ['algorithm.steps', '60', '4'],
      ['judge.model', 'not set', "it's <b>"],
    ]);
  });

  it('says what it started from, which checkpoint was exported, and why it ended', async () => {
    const trainedFrom = { run: 'sft-1', step: 40, weights: 'ab'.repeat(32) };
    const best = { step: 2, metric: 'eventF1', value: 61.25, endedEarly: 'it no longer rose' };
    const { said } = await page({}, () => ({ trainedFrom, best }));
    expect(said).toContain('policy tiny, trained before: step 40 of sft-1 (weights abababababab)');
    expect(said).toContain('best checkpoint, exported: step 2, eventF1 61.25');
    expect(said).toContain('ended early: it no longer rose');
  });

  it('says what the captions behind its figures were made with', async () => {
    const made = {
      ...{ by: 'policy' as const, prompt: { text: 'Describe.', count: 1, sha256: 'ab'.repeat(32) } },
      ...{ maxNewTokens: 64, decoding: Decoding.parse({}), frames: FrameOptions.parse({}) },
    };
    const told =
      'Made with: prompt "Describe." (sha256 abababababab), 8 frames of about 7056 pixels, at most 64 tokens';
    const { said } = await page({}, ({ evaluations }) => ({
      evaluations: evaluations.map((evaluation) => ({ ...evaluation, made })),
    }));
    // By the table, the curves and the videos.
    expect(said.split(told)).toHaveLength(4);
  });

  it('says by what the think score was compared', async () => {
    expect((await page()).said).toContain('think score: compared by common words (token-f1)');
  });

  it('says how much of the think score its measure could not read', async () => {
    const { said } = await page({}, ({ evaluations, config }) => ({
      config: { ...config, reward: { ...config.reward, think: { ...config.reward.think, similarity: SENTENCES } } },
      evaluations: evaluations.map((one) => ({ ...one, metrics: { ...one.metrics, 'think/byCharacters': 83.4 } })),
    }));
    expect(said).toContain('think score: compared by bge-small-en, 83 % of texts by characters, which it cannot read');
  });

  it('counts and lists the steps whose update was not made, and why', async () => {
    const none = await syntheticRun(store, {});
    const content = await readReportContent(store, WriteReportInput.parse(inputOf(none)));
    expect(reportPage(content)).not.toContain('Updates that were not made');
    const records = content.records.map((record) =>
      record.step === 3
        ? { ...record, notFinite: { what: 'loss' as const, value: 'NaN' as const, samples: ['<b>clip 7'] } }
        : record,
    );
    const { document } = parseHTML(reportPage({ ...content, records }));
    const said = document.querySelector('main')!.textContent.replaceAll(/\s+/g, ' ');
    expect(said).toContain('1 update not made: not finite');
    expect(said).toContain('1 of 4 steps had a number that was not finite');
    expect(said).toContain('3the loss is NaN (sample <b>clip 7)');
  });

  it('says of a fork what it trained itself, and apart from that what its parent had', async () => {
    const forkedFrom = { run: 'parent-1', step: 3, sameBenchmark: true };
    const { said } = await page({ steps: 4 }, () => ({ forkedFrom }));
    // A record every 9 s; the fork's own step took about that long, whenever it was made.
    expect(said).toMatch(/GRPO, 1 step in (8|9) s /);
    expect(said).toContain('forked from step 3 of parent-1, which had trained 3 steps in 27 s');
    expect(said).toContain('Steps up to 3 are those of the run that this one was forked from.');
    expect(said).not.toContain('measured again');
  });

  it('says of a fork with another benchmark that the base was measured again', async () => {
    const forkedFrom = { run: 'parent-1', step: 3, sameBenchmark: false };
    const { said } = await page({ steps: 4 }, () => ({ forkedFrom }));
    expect(said).toContain('its benchmark is another one, so the base policy was measured again');
  });

  it('says how the run ended, and of what it was warned', async () => {
    const end = { how: 'stopped', step: 4, totalSteps: 60 };
    const collapse = [{ kind: 'length', step: 3, sentence: 'completions grew <b>longer</b>' }];
    const { said, document } = await page({}, () => ({ end, collapse }));
    expect(said).toContain('Stopped by a user after step 4 of 60');
    expect(document.querySelector('.warning')!.textContent).toBe(
      'The policy may have collapsed (step 3): completions grew <b>longer</b>.',
    );
  });

  it('says what the run was made with, and what of it has changed', async () => {
    const seen = { engine: [{ threads: '2' }, { threads: '4' }], judge: [{ model: 'm <b>' }] };
    const warnings = [{ part: 'engine', step: 3, sentence: 'the engine <b>changed</b>' }];
    const { said, document } = await page({}, () => ({ identity: { seen, warnings } }));
    expect(document.querySelector('.warning')!.textContent).toBe('the engine <b>changed</b>.');
    expect(said).toContain('Made with');
    for (const fact of ['threads 2', 'threads 4', 'model m <b>']) expect(said).toContain(fact);
  });

  it('says where base and trained policy were judged by different versions', async () => {
    const { document } = await page({}, ({ evaluations }) => ({
      evaluations: evaluations.map((each, i) => ({
        ...each,
        judge: { ...each.judge, answeredBy: [{ model: `m-${i}` }] },
      })),
    }));
    expect(document.querySelector('.warning')!.textContent).toContain('judged by model m-0');
  });

  it('says plainly that the rule-based judge is no LLM', async () => {
    expect((await page()).said).toContain('The judge is rule-based and no LLM.');
  });

  it('lists what was quarantined, and why', async () => {
    const { document } = await page();
    const row = [...document.querySelectorAll('tr')].find(({ textContent }) => textContent.includes('broken-1'));
    expect(row!.textContent).toContain('the file is <damaged> & cannot be decoded');
  });

  it('is written once: delivered again, it is the same file', async () => {
    const run = await syntheticRun(store);
    expect(await writeReport(run)).toEqual(await writeReport(run));
  });

  it('is the same for the same run', async () => {
    const run = await syntheticRun(store);
    const first = await writeReport(run);
    await store.remove(keyOfContent(nameIn(first.report))!);
    expect(await writeReport(run)).toEqual(first);
  });

  it('of a run that was reset in Temporal, and ends at another step, is another file', async () => {
    const run = await syntheticRun(store);
    const end = (step: number) => ({ lastStep: step, end: { how: 'stopped', step, totalSteps: 4 } as const });
    const [second, third] = [await writeReport(run, end(2)), await writeReport(run, end(3))];
    expect((await store.read(second.report)).toString()).toContain('after step 2 of 4');
    expect((await store.read(third.report)).toString()).toContain('after step 3 of 4');
    // The same end with other links, as of another execution.
    const execution = { namespace: 'default', workflowId: 'r', runId: 'another' };
    expect(await writeReport(run, { ...end(3), execution })).toEqual(third);
  });
});

/** A number, and not the elements, which a failed assertion would print whole. */
function count(part: { querySelectorAll(selector: string): { length: number } }, selector: string): number {
  return part.querySelectorAll(selector).length;
}

describe('a hostile policy', () => {
  const attacks = [
    '<script>alert(1)</script>',
    '<think>[{"subject":"<img src=x onerror=alert(1)>","attributes":["</details><script>"],"actions":["" ' +
      'onclick="x"]}]</think><answer><iframe src="https://elsewhere"></iframe>\u202e</answer>',
    '<answer></article></main><style>body{display:none}</style><a href="javascript:alert(1)">x</a></answer>',
    `<answer>${'so on and '.repeat(100_000)}</answer>`,
    '</title></style>--><svg onload=alert(1)>\u0000\ud800',
    '',
  ];
  it('writes nothing but text into the report', async () => {
    const { document, text } = await page({ samples: 6, spoken: (_, id) => attacks[Number(id.slice(-1))]! });
    expect(count(document, 'iframe, svg[onload], style:not(head style, svg style)')).toBe(0);
    expect(count(document, 'script')).toBe(1);
    const names = [...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames());
    expect(names.filter((name) => name.startsWith('on'))).toEqual([]);
    expect(count(document, 'a')).toBe(0);
    expect(count(document, 'img')).toBe(6);
    expect(count(document, 'article.video .answer')).toBe(18);
    expect(document.querySelector('meta[http-equiv]')!.getAttribute('content')).toContain("default-src 'none'");
    expect(text.length).toBeLessThan(500_000);
    expect(text).toContain('⟨U+202E⟩');
    expect(text).toContain('(nothing)');
  });
});

const MODEL_FREE = { reward: { think: { similarity: 'token-f1' } } };

describe('runs of other kinds', () => {
  it('SFT has no rewards to draw', async () => {
    const { document, said } = await page({ config: { algorithm: { kind: 'sft', steps: 4 }, ...MODEL_FREE } });
    expect(said).toContain('SFT, 4 steps');
    expect([...document.querySelectorAll('figcaption b')].map(({ textContent }) => textContent)).toEqual(['Benchmark']);
  });

  it('a run that did not train shows one policy', async () => {
    const { document } = await page({ steps: 0, samples: 2 });
    expect(document.querySelectorAll('svg.plot')).toHaveLength(0);
    expect(document.querySelectorAll('.answer.trained')).toHaveLength(0);
    expect(document.querySelectorAll('article.video')).toHaveLength(2);
  });

  it('names an LLM judge', async () => {
    const content = await readReportContent(store, WriteReportInput.parse(inputOf(await syntheticRun(store))));
    const prompts = [{ name: 'event-entailment.v1', sha256: '0123456789abcdef'.repeat(4) }];
    const text = reportPage({ ...content, judge: { name: 'some-model', isLlm: true, prompts } });
    expect(text).toContain('<b>Judge: some-model.</b>');
    // Under the table, over the curves, over the videos: wherever figures are.
    expect(text.match(/Judge: some-model; prompts: event-entailment\.v1 \(sha256 0123456789ab\)\./g)).toHaveLength(3);
    expect(text).not.toContain('rule-based and no LLM');
  });
});
