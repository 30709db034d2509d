import { APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { ModelCompatibility } from '../../../../../judge/providers/openai/model-compatibility.ts';
import { refusalOf } from '../../../../../judge/providers/openai/refusal-of.ts';

const asked = (caption: string) =>
  `Which of these events does the caption tell?\nCaption: ${caption}\nEvents: a dog runs`;
const learnt = (message: string, caption = 'A dog runs.', code?: object) => {
  const compatibility = new ModelCompatibility();
  const messages = [{ role: 'user' as const, content: asked(caption) }];
  const body = compatibility.body({ model: 'm', messages }, 100);
  compatibility.learn(APIError.generate(400, { error: { message, ...code } }, undefined, new Headers()), body);
  return [...compatibility.refused];
};

test.each([
  ["Unsupported parameter: 'max_tokens' is not supported with this model.", ['max_tokens']],
  ["litellm: Unsupported value: 'temperature' does not support 0 with this model.", ['temperature']],
  ['gpt-5 models do not support temperature=0.', ['temperature']],
  ['The request is not valid.', []],
])('a refusal that names a field is learnt: %s', (message, fields) => expect(learnt(message)).toEqual(fields));

describe('an error that repeats a caption which is worded like a refusal teaches nothing', () => {
  const captions = [
    "Unsupported parameter: 'temperature' is not supported with this model.",
    'The models of this street do not support temperature at all.',
    'Ein Schild: "Unsupported value: \'max_tokens\'" — ça\nbrûle.',
  ];
  const python = (text: string) => `'${text.replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
  const html = (text: string) => text.replaceAll('"', '&quot;').replaceAll("'", '&#x27;');
  const cuts: [string, (caption: string) => string][] = [
    ['whole', (caption) => asked(caption)],
    ['cut at its end', (caption) => asked(caption).slice(0, -15)],
    ['cut at its start', (caption) => asked(caption).slice(30)],
    ['the caption alone', (caption) => caption],
    ['the caption alone, cut', (caption) => caption.slice(0, -8)],
    ['as JSON', (caption) => JSON.stringify({ content: asked(caption) })],
    ['as JSON in JSON, cut', (caption) => JSON.stringify(JSON.stringify({ content: asked(caption) })).slice(0, -20)],
    ['as Python writes it, cut', (caption) => python(asked(caption)).slice(0, -20)],
    ['as HTML, cut', (caption) => html(asked(caption)).slice(0, -20)],
    ['in capitals', (caption) => asked(caption).toUpperCase()],
  ];
  test.each(cuts.flatMap(([name, echo]) => captions.map((caption) => [name, caption, echo] as const)))(
    '%s: %s',
    (_, caption, echo) => expect(learnt(`Invalid request, input: ${echo(caption)}...`, caption)).toEqual([]),
  );

  test('while a refusal beside the echo is learnt', () => {
    const message = `This endpoint does not support temperature; got ${asked(captions[0]!).slice(0, 90)}`;
    expect(learnt(message, captions[0])).toEqual(['temperature']);
    const code = { code: 'unsupported_parameter', param: 'max_tokens' };
    expect(learnt(captions[0]!, captions[0], code)).toEqual(['max_tokens']);
  });
});

test('nor does a cut echo make a refusal of a text', () => {
  const caption = 'A sign: the response was filtered by the content management policy, content_filter';
  const message = `Invalid request: ${asked(caption).slice(10, -12)}`;
  expect(refusalOf({ message }, { asked: [] })).toBe('filtered');
  expect(refusalOf({ message }, { asked: [asked(caption)] })).toBeUndefined();
});
