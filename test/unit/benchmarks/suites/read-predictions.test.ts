import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { carebench } from '../../../../benchmarks/carebench/carebench.ts';
import { dream1k } from '../../../../benchmarks/dream1k/dream1k.ts';
import { readPredictions } from '../../../../benchmarks/suites/read-predictions.ts';
import type { Suite, SuiteItem } from '../../../../benchmarks/suites/suite.ts';
import { vdc } from '../../../../benchmarks/vdc/vdc.ts';
import { naming, refusal } from '../../../refusal.ts';

const folder = () => mkdtemp(join(tmpdir(), 'videocap-predictions-'));
const clip = (id: string, more: object = {}): SuiteItem => ({ id, clip: id, video: `${id}.mp4`, ...more });
const DREAM = ['1', '2'].map((id) => clip(id, { category: 'videvo' }));

/** Captions of the items, and warnings, read from a file of this name, or from a folder of these files. */
async function readAs(
  suite: unknown,
  items: readonly SuiteItem[],
  files: string | Record<string, string>,
  file = 'p.json',
) {
  const root = await folder();
  const named = typeof files === 'string' ? { [file]: files } : files;
  for (const [name, text] of Object.entries(named)) await writeFile(join(root, name), text);
  const path = typeof files === 'string' ? join(root, file) : root;
  const { captions, warnings } = await readPredictions(path, suite as Suite, items);
  return { captions: Object.fromEntries(captions), warnings: warnings.map((text) => text.replaceAll(root, 'ROOT')) };
}
const read = async (text: string, file?: string) => (await readAs(dream1k, DREAM, text, file)).captions;
/** How lmms-eval names a log of DREAM-1K. */
const LOG = '1_samples_dream-1k.jsonl';

const authors = (idx: number, text: string, dataset = 'DREAM/videvo') => ({
  messages: [
    {
      role: 'user',
      content: [
        { type: 'video', video: { video_file: '1.mp4' } },
        { type: 'text', text: 'Describe.' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text, reference: 'A cat runs.' }] },
  ],
  dataset,
  idx,
});
const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('a file of predictions', () => {
  it.each([
    ['JSONL', '{"id": "1", "caption": "a"}\n\n{"id": 2, "caption": ""}\n'],
    ['a JSON list', '[{"id": 1, "caption": "a"},\n {"id": 2, "caption": ""}]'],
    ['a JSON object', '{"1": "a",\n "2": ""}'],
    ["the authors' JSONL", lines(authors(1, 'a'), authors(2, ''))],
    [
      "what the authors' evaluation writes",
      lines({ idx: 'DREAM/movie_live_action_1', gt: 'x', pred: 'a' }, { idx: 'DREAM/videvo_2', gt: 'x', pred: '' }),
    ],
    ['with a byte order mark', '\ufeff{"id": "1", "caption": "a"}\n{"id": 2, "caption": ""}'],
    ['the same caption twice', '{"id": 1, "caption": "a"}\n{"id": 1, "caption": "a"}\n{"id": 2, "caption": ""}'],
  ])('can be %s', async (_, text) => expect(await read(text)).toEqual({ 1: 'a', 2: '' }));

  it.each([
    ['one line', '{"id": "1", "caption": "a"}'],
    ["one line of the authors'", JSON.stringify(authors(1, 'a'))],
  ])('can be %s', async (_, text) => expect(await read(text)).toEqual({ 1: 'a' }));

  it('keeps a text as it is, tags, spaces and all', async () => {
    const text = '  <think>[]</think>\n<answer>A Cat.</answer>\n';
    expect(await read(JSON.stringify([{ id: 1, caption: text }]))).toEqual({ 1: text });
  });

  it.each([
    ['{"id": 1, "caption": "a"}\n{"id": 2, "text": "b"}', /line 2 is no caption; write lines such as {"id": "1"/],
    ['{"id": 1, "caption": "a"}\nnot json', /line 2 is no caption/],
    ['[{"id": 1}]', /entry 0 is no caption/],
    ['{"7": {"text": "x"}}', /entry "7" is no caption/],
    ['{"logs": [{"doc_id": 1, "doc": {"idx": 1}, "resps": [[[-1.5, true]]]}]}', /logs\[0\] is no caption/],
    ['\n', /has no captions/],
  ])('is refused with a sentence: %j', async (text, sentence) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'InvalidDataset',
      message: expect.stringMatching(sentence),
    });
  });
});

describe('a row with the reference as its caption', () => {
  const row = (more: object) => lines({ id: 1, caption: 'The reference.', ...more });

  it('of a log of lmms-eval: the answer counts', async () => {
    expect(await read(row({ resps: [['a']] }), LOG)).toEqual({ 1: 'a' });
    expect(await read(row({ filtered_resps: 'a' }), LOG)).toEqual({ 1: 'a' });
    const text = row({ resps: [['a']], filtered_resps: ['a'] });
    expect((await readAs(vdc, DREAM, text, '1_samples_vdc.jsonl')).captions).toEqual({ 1: 'a' });
  });

  it("in the layout of CaReBench's authors: the prediction counts", async () => {
    expect((await readAs(carebench, DREAM, row({ pred: 'a' }))).captions).toEqual({ 1: 'a' });
  });

  it.each([
    ['pred', 'a'],
    ['pred', ''],
    ['completion', 'a'],
    ['hypothesis', 'a'],
    ['hyp', 'a'],
    ['text', 'a'],
    ['result', 'a'],
    ['candidates', ['a', 'b']],
    ['prediction', 'a'],
    ['predicted_caption', 'a'],
    ['generated_text', 'a'],
    ['model_output', 'a'],
    ['response', ['a']],
    ['resps', [[[-1.5, true]]]],
  ])('is refused where %s may be the prediction', async (field, value) => {
    const refused = refusal('InvalidDataset', 'line 1', '"caption"', `"${field}"`, 'leave only the prediction');
    await expect(read(row({ [field]: value }))).rejects.toEqual(refused);
  });

  it.each([{ pred: 'The reference.' }, { output: 12 }, { question: 'x' }, { response: null }])(
    'is read where nothing else may be the prediction: %j',
    async (more) => expect(await read(row(more))).toEqual({ 1: 'The reference.' }),
  );
});

describe("a file as Python's programs leave it", () => {
  it('has numbers that JSON does not have: they are no captions, and texts stay as they are', async () => {
    const rows = [
      '{"id": 1, "caption": "NaN, \\"Infinity\\" and -Infinity", "score": NaN, "all": [Infinity, -Infinity]}',
      '{"doc": {"idx": 2}, "resps": [["b"]], "metric": {"score": NaN}}',
    ];
    const read1 = { 1: 'NaN, "Infinity" and -Infinity' };
    expect(await read(rows.join('\n'), LOG)).toEqual({ ...read1, 2: 'b' });
    expect(await read(`[${rows.join(',')}]`, LOG)).toEqual({ ...read1, 2: 'b' });
    expect(await read(rows[0]!)).toEqual(read1);
    expect(await read(`{"logs": [${rows[1]}], "time": NaN}`, LOG)).toEqual({ 2: 'b' });
    await expect(read('{"id": 1, "caption": NaN}')).rejects.toEqual(refusal('InvalidDataset', 'is no caption'));
  });

  it.each([
    ['2.jsonl', '{"id": "2", "capt'],
    ['2.jsonl', '{"id": "2", "caption": "b"}\n{"id": "3", "ca'],
    ['2.json', '[{"id": "2", "caption": "b"}, {"id'],
    ['2.json', '{\n  "1": "a",\n  "2": "b'],
  ])('cut, among others: %s with %j is refused', async (name, text) => {
    const files = { '1.jsonl': lines({ id: 1, caption: 'a' }), [name]: text };
    await expect(readAs(dream1k, DREAM, files)).rejects.toEqual(refusal('InvalidDataset', name, 'line', 'no JSON'));
  });

  it('empty, among others: a warning names it', async () => {
    const files = { '1.jsonl': lines({ id: 1, caption: 'a' }), '2.jsonl': '' };
    expect((await readAs(dream1k, DREAM, files)).warnings).toEqual([naming('no captions', '2.jsonl')]);
  });

  it('named in capitals is read', async () => {
    const files = { '1.JSONL': lines({ id: 1, caption: 'a' }), '2.Json': '[{"id": 2, "caption": "b"}]' };
    expect((await readAs(dream1k, DREAM, files)).captions).toEqual({ 1: 'a', 2: 'b' });
  });
});

describe('captions that do not fit', () => {
  const twice = lines({ id: 1, caption: 'a' }, { id: 2, caption: 'b' }, { id: 1, caption: 'c' });

  it('in conflict: the first counts as in Tarsier, the last as in CaReBench, and a warning names them', async () => {
    expect(await readAs(dream1k, DREAM, twice)).toEqual({
      captions: { 1: 'a', 2: 'b' },
      warnings: [
        '1 of the predictions is there again with another text, and the first one counts, as in the ' +
          `authors' script: "1".`,
      ],
    });
    expect((await readAs(carebench, DREAM, twice)).captions).toEqual({ 1: 'c', 2: 'b' });
  });

  it('of no clip are counted, and the first ids named', async () => {
    const others = Array.from({ length: 7 }, (_, i) => ({ id: `x${i}`, caption: 'a' }));
    expect(await readAs(dream1k, DREAM, lines({ id: 1, caption: 'a' }, ...others))).toEqual({
      captions: { 1: 'a' },
      warnings: [
        '7 of the predictions are of no clip of DREAM-1K (AutoDQ) and not scored; check that they belong to these ' +
          'annotations: "x0", "x1", "x2", "x3", "x4" and 2 more.',
      ],
    });
  });
});

describe("the folder that Tarsier's inference writes", () => {
  it('has a file for each process, rows of other benchmarks, and the evaluation in a subfolder', async () => {
    const root = await folder();
    const other = {
      ...authors(1, 'A'),
      dataset: 'Next-QA-val-multi_choice',
      messages: [{ role: 'user', content: [] }],
    };
    await writeFile(join(root, 'predictions_2_0.jsonl'), lines(authors(1, 'a'), authors(1, 'x', 'MSVD-Caption-test')));
    await writeFile(join(root, 'predictions_2_1.jsonl'), lines(other, authors(2, '<error>')));
    await writeFile(join(root, 'run_1.log'), 'loading');
    await mkdir(join(root, 'eval_records'));
    await writeFile(
      join(root, 'eval_records', 'DREAM_eval_infos.jsonl'),
      lines({ idx: 'DREAM/videvo_1', pred: 'low' }),
    );
    const { captions, warnings } = await readPredictions(root, dream1k as Suite, DREAM);
    expect(Object.fromEntries(captions)).toEqual({ 1: 'a', 2: '<error>' });
    expect(warnings).toEqual([]);
  });

  it('without a file to read is refused with a sentence', async () => {
    await expect(readPredictions(await folder(), dream1k as Suite, DREAM)).rejects.toThrow(
      /has no \.jsonl or \.json file/,
    );
  });
});

describe('logs of lmms-eval', () => {
  const VDC = ['camera', 'short'].flatMap((aspect) => [clip(`${aspect}/v1`, { clip: 'v1' })]);
  const older = (task: string | undefined, caption: string) => ({
    args: { model: 'auroracap' },
    ...(task && { model_configs: { task, dataset_path: 'wchai/lmms_VDC_test' } }),
    logs: [
      {
        ...{ doc_id: 0, doc: { video_id: 'v1', video_name: 'v1', caption: 'gt' }, target: 'gt', arguments: ['x'] },
        ...{ resps: [[caption]], filtered_resps: [caption] },
      },
    ],
    time: '1129_1015',
  });
  const newer = (caption: string, raw?: string) => ({
    ...{ doc_id: 0, target: 'gt', input: 'Describe.', filtered_resps: caption, ...(raw && { resps: [raw] }) },
    ...{ token_counts: [null], doc_hash: 'ab' },
    llmms_eval_score: { video_name: 'v1', caption: 'gt', pred: caption, score: 3 },
  });

  it('in the older form: one file a task, whose name is in it', async () => {
    expect(await readAs(vdc, VDC, JSON.stringify(older('camera_test', ' Left. ')))).toEqual({
      captions: { 'camera/v1': ' Left. ' },
      warnings: [],
    });
  });

  it('a folder of them has each aspect, and a file of results that a warning names', async () => {
    const files = {
      'camera_test.json': JSON.stringify(older('camera_test', 'Left.')),
      'short_test.json': JSON.stringify(older(undefined, 'A man.')),
      'results.json': JSON.stringify({ results: { camera_test: { 'llm_eval_score,none': 2 } }, versions: {} }),
    };
    expect(await readAs(vdc, VDC, files)).toEqual({
      captions: { 'camera/v1': 'Left.', 'short/v1': 'A man.' },
      warnings: ['1 of the files in ROOT has no captions: "results.json".'],
    });
  });

  it('in the newer form: a line a row without its document, named after time and task', async () => {
    const files = {
      '20261129_101500_samples_camera_test.jsonl': lines(newer('Left.')),
      '20261129_101500_samples_short_test.jsonl': lines(newer('A man.', '<think>x</think>A man.')),
    };
    expect((await readAs(vdc, VDC, files)).captions).toEqual({
      'camera/v1': 'Left.',
      // What the model wrote, as the authors' second script reads it.
      'short/v1': '<think>x</think>A man.',
    });
  });

  it('the caption of a task never stands for another aspect, however the video is named there', async () => {
    const short = [clip('short/v1', { clip: 'v1' })];
    const { captions, warnings } = await readAs(vdc, short, {
      'camera_test.json': JSON.stringify(older('camera_test', 'Left.')),
    });
    expect(captions).toEqual({});
    expect(warnings).toEqual([
      expect.stringContaining('not scored; check that they belong to these annotations: "camera/v1".'),
    ]);
  });

  it('as a list of rows, which process_vdc_result.py reads: of the task that its file is named after', async () => {
    const rows = JSON.stringify(older('x', 'Left.').logs);
    expect((await readAs(vdc, VDC, rows, 'camera_test.json')).captions).toEqual({ 'camera/v1': 'Left.' });
    expect((await readAs(vdc, VDC, rows, 'vdc_all.json')).captions).toEqual({ v1: 'Left.' });
  });

  it.each([
    ['p.json', JSON.stringify(older(undefined, 'Left.'))],
    ['p.jsonl', lines(newer('Left.'))],
    ['p.json', JSON.stringify(older('x', 'Left.').logs)],
    ['p.jsonl', lines({ id: 'v1', caption: 'gt', resps: [['Left.']] })],
  ])('that names no task is refused: any task may have videos of such names (%s: %j)', async (name, text) => {
    const refused = refusal('InvalidDataset', name, vdc.title, '<time>_samples_<task>.jsonl', 'or write');
    await expect(readAs(vdc, VDC, text, name)).rejects.toEqual(refused);
    const files = { '1_samples_short_test.jsonl': lines(newer('A man.')), [name]: text };
    await expect(readAs(vdc, VDC, files)).rejects.toEqual(refused);
  });

  it('that names no task is read where its rows have the captions in the usual fields', async () => {
    expect(await read(lines({ id: 1, caption: 'a', resps: [['a']] }))).toEqual({ 1: 'a' });
  });

  it('of another benchmark: by what its documents are named, or as paths', async () => {
    const row = (doc: object) => JSON.stringify({ logs: [{ doc_id: 7, doc, resps: [['a']], filtered_resps: ['a'] }] });
    expect(await read(row({ idx: 2 }), 'dream1k.json')).toEqual({ 2: 'a' });
    expect(await read(row({ video: 'DREAM-1K_videos/1.mp4' }), 'dream1k.json')).toEqual({ 1: 'a' });
  });

  it('a row number is an id in CaReBench alone, where the place in the file is one', async () => {
    const row = lines({ doc_id: 1, filtered_resps: ['a'] });
    expect((await readAs(carebench, DREAM, row, 'carebench.jsonl')).captions).toEqual({ 1: 'a' });
    await expect(read(row, LOG)).rejects.toThrow(/line 1 has an answer and nothing that names its video/);
  });

  describe('of another task are ignored, and a warning names the file', () => {
    const warning = naming('1 of the files', 'another task of lmms-eval', '1_samples_msrvtt_qa.jsonl');
    const care = ['0', '1'].map((id) => clip(id, { clip: `vid_${id}.mp4`, video: `vid_${id}.mp4` }));
    const own = lines({ doc_id: 1, doc: { video: 'vid_0.mp4' }, resps: [['A cat runs.']] });
    const qa = (doc: object) => lines({ doc_id: 0, doc, resps: [['yes']], filtered_resps: ['yes'] });

    it.each([[{ video: 'video7010.mp4' }], [{}], [{ video: 'vid_0.mp4' }]])(
      'beside that of CaReBench: %j',
      async (doc) => {
        const files = { '1_samples_carebench.jsonl': own, '1_samples_msrvtt_qa.jsonl': qa(doc) };
        expect(await readAs(carebench, care, files)).toEqual({
          captions: { 'vid_0.mp4': 'A cat runs.' },
          warnings: [warning],
        });
      },
    );

    it.each([[{ id: 1 }], [{ idx: 1 }], [{ video_path: '/data/msvd/1.avi' }]])(
      'beside that of DREAM-1K: %j',
      async (doc) => {
        const files = {
          '1_samples_dream-1k.jsonl': qa({ idx: 2 }),
          '1_samples_msrvtt_qa.jsonl': qa(doc),
        };
        expect(await readAs(dream1k, DREAM, files)).toEqual({ captions: { 2: 'yes' }, warnings: [warning] });
      },
    );

    it('beside those of VDC, in the older form', async () => {
      const files = {
        'short_test.json': JSON.stringify(older('short_test', 'A man.')),
        'videomme.json': JSON.stringify(older('videomme', 'B')),
      };
      expect(await readAs(vdc, VDC, files)).toEqual({
        captions: { 'short/v1': 'A man.' },
        warnings: [naming('another task of lmms-eval', 'videomme.json')],
      });
    });

    it('and alone are refused', async () => {
      const files = { '1_samples_msrvtt_qa.jsonl': qa({ id: 1 }) };
      await expect(readAs(dream1k, DREAM, files)).rejects.toEqual(
        refusal('InvalidDataset', 'only logs of other tasks', dream1k.title),
      );
    });
  });

  it('a row number is no id in a row that names a video', async () => {
    const row = lines({ doc_id: 1, doc: { video: 'elsewhere.mp4' }, resps: [['a']] });
    expect(await readAs(carebench, DREAM, row, 'carebench.jsonl')).toEqual({
      captions: {},
      warnings: [naming('elsewhere.mp4')],
    });
  });

  it("a row of the authors' evaluation of another benchmark is elsewhere", async () => {
    const rows = lines({ idx: 'MSVD/test_1', gt: 'x', pred: 'low' }, { idx: 'DREAM/videvo_2', gt: 'x', pred: 'a' });
    expect(await readAs(dream1k, DREAM, rows)).toEqual({ captions: { 2: 'a' }, warnings: [] });
  });
});
