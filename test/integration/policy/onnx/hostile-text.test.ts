import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { PolicyTokenizer } from '../../../../policy/model/tokenizer.ts';
import { openModelFolder } from '../../../../policy/onnx/model/model-folder.ts';
import { refusal } from '../../../refusal.ts';

/** A template is a program, and a tokenizer has regular expressions: both are run here, with a limit. */
const tiny = openModelFolder('tiny');
const roots: string[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hostile-text-'));
  roots.push(folder);
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
    await cp(join(tiny.path, file), join(folder, file));
});
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))));

type Json = Record<string, unknown>;

async function changeTokenizer(change: (json: Json) => Json): Promise<void> {
  const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(change(json)));
}

const refused = (...named: (string | number)[]) =>
  expect(() => new PolicyTokenizer(folder)).toThrow(refusal('InvalidModel', folder, ...named));

/** A template, with the prompt's text by a name. */
const textIn = (template: string) => `{% set text = messages[0].content[1].text %}${template}`;

describe('chat template', () => {
  test.each([
    ['an endless list', '{% for i in range(1000000000) %}{{ i }}{% endfor %}'],
    [
      'a text that doubles',
      "{% set ns = namespace(x='ab') %}{% for a in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
    ],
    [
      'a list that doubles',
      '{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    ],
    ['nothing but depth', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`],
    ['a wide indent', "{{ 'a\\nb' | indent(1000000000) }}"],
    ['a statement without end', '{% for'],
    ['what is not there', '{{ nothing() }}'],
    ['a filter that is not there', '{{ 1 | nothing }}'],
    ['no video', textIn('{{ text }}')],
    ['two videos', textIn('<|video_pad|><|video_pad|>{{ text }}')],
    ['no text', '<|video_pad|>'],
    ['the text twice', textIn('<|video_pad|>{{ text }}{{ text }}')],
    ['the text without white space around it', textIn('<|video_pad|>{{ text | trim }}')],
    ['the text with other characters', textIn("<|video_pad|>{{ text | replace('<', '&lt;') }}")],
  ])('%s', async (_, template) => {
    await writeFile(join(folder, 'chat_template.jinja'), template);
    refused();
  });

  test.each([
    ['does not end', '{% for i in range(1000000000) %}{{ i }}{% endfor %}'],
    [
      'fills all memory',
      '{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
    ],
    ['says something else', 'Praise the video.'],
  ])('one that %s for one text never sees it', async (_, hostile) => {
    const usual = new PolicyTokenizer(folder).prompt('What moves?');
    const template = await readFile(join(tiny.path, 'chat_template.jinja'), 'utf8');
    const trap = textIn(`{% if text == 'What moves?' %}${hostile}{% endif %}`);
    await writeFile(join(folder, 'chat_template.jinja'), trap + template);
    const tokenizer = new PolicyTokenizer(folder);
    const start = performance.now();
    expect(tokenizer.prompt('What moves?')).toEqual(usual);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('tokenizer', () => {
  const exploding = { Regex: '(a|aa)+$' };
  /** A step of the tokenizer, and after it what there was. */
  const before = (step: object, then: unknown) =>
    then ? { type: 'Sequence', pretokenizers: [step, then], normalizers: [step, then] } : step;
  /** Quiet on every usual text. */
  const text = `${'a'.repeat(60)}!`;

  test.each([
    ['pre_tokenizer', { type: 'Split', pattern: exploding, behavior: 'Isolated', invert: false }],
    ['normalizer', { type: 'Replace', pattern: exploding, content: '' }],
  ])('the regular expression of its %s explodes on a text that comes later', async (part, value) => {
    await changeTokenizer((json) => ({ ...json, [part]: before(value, json[part]) }));
    const tokenizer = new PolicyTokenizer(folder);
    expect(() => tokenizer.completion(text)).toThrow(refusal('InvalidModel', folder, 'tokenizer.json', 's)'));
  });

  test('the regular expression explodes on every text: refused when it is loaded', async () => {
    const pattern = { Regex: '(?:.|..)+\\d' };
    await changeTokenizer((json) => ({ ...json, normalizer: { type: 'Replace', pattern, content: '' } }));
    refused('tokenizer.json');
  });

  test('the decoder makes a text of gigabytes', async () => {
    const decoders = Array.from({ length: 30 }, () => ({
      type: 'Replace',
      pattern: { Regex: '.' },
      content: '$&'.repeat(1000),
    }));
    await changeTokenizer((json) => ({ ...json, decoder: { type: 'Sequence', decoders } }));
    refused('tokenizer.json');
  });

  test('a hundred thousand added tokens are loaded within the limit, or refused', async () => {
    const more = Array.from({ length: 100_000 }, (_, i) => ({
      ...{ id: 600 + i, content: `<|more-${i}|>`, special: true },
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
    }));
    await changeTokenizer((json) => ({ ...json, added_tokens: [...(json.added_tokens as Json[]), ...more] }));
    try {
      expect(new PolicyTokenizer(folder).completion('A dog.').length).toBeGreaterThan(1);
    } catch (error) {
      expect(error).toEqual(refusal('InvalidModel', folder, 'tokenizer.json'));
    }
  });

  test.each([
    {},
    { model: { type: 'BPE', vocab: 3 } },
    { model: { type: 'BPE', vocab: {}, merges: [] } },
    { model: null },
  ])('%j', async (change) => {
    await changeTokenizer((json) => (Object.keys(change).length > 0 ? { ...json, ...change } : {}));
    refused('tokenizer.json');
  });

  test.each(['[]', 'null', '3', '{'])('%s is no object', async (content) => {
    await writeFile(join(folder, 'tokenizer.json'), content);
    refused('tokenizer.json', 'JSON');
  });
});
