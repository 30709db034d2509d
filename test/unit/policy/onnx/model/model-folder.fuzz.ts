import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { PolicyTokenizer } from '../../../../../policy/model/tokenizer.ts';
import { openModelFolder } from '../../../../../policy/onnx/model/model-folder.ts';
import { bytesOf, mutated, soup } from '../../../../fuzz/inputs.ts';

const TINY = fileURLToPath(new URL('../../../../../policy/models/tiny/', import.meta.url));
const FILES = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
];
const originals = new Map(FILES.map((file) => [file, Uint8Array.from(readFileSync(join(TINY, file)))]));

/** JSON with one of its values replaced, wherever it is. */
const odd = fc.oneof(
  fc.constantFrom(0, -1, 1.5, 1e9, 2 ** 53, 1e300, null, true, '', 'x', [], {}, [[]], '<|video_pad|>', '(', '\u0000'),
  fc.jsonValue({ maxDepth: 2 }),
);
function replaced(file: string): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.nat(), odd).map(([place, value]) => {
    const json = JSON.parse(Buffer.from(originals.get(file)!).toString('utf8'));
    const places: [object: Record<string, unknown>, key: string][] = [];
    const collect = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      for (const key of Object.keys(node).slice(0, 30)) {
        places.push([node as Record<string, unknown>, key]);
        collect((node as Record<string, unknown>)[key]);
      }
    };
    collect(json);
    const [object, key] = places[place % places.length]!;
    object[key] = value;
    return bytesOf(JSON.stringify(json));
  });
}

const template = soup([
  ...['{% for i in range(9) %}', '{% endfor %}', '{{ i }}', '{% if messages %}', '{% endif %}', '{{ messages }}'],
  ...["{{ messages[0]['content'][1]['text'] }}", '<|video_pad|>', '{{', '}}', '{%', '%}', '{#', "{{ 'a' | upper }}"],
]).map(bytesOf);

/** One file of a model's folder that is wrong in some way. */
export const inputs = fc
  .constantFrom(...FILES)
  .chain((file) =>
    fc.tuple(
      fc.constant(file),
      fc.oneof(
        mutated(fc.constant(originals.get(file)!)),
        file.endsWith('.jinja') ? template : replaced(file),
        fc.uint8Array(),
        fc.json().map(bytesOf),
      ),
    ),
  );

/** Opens the folder and uses it. */
export function subject([wrong, bytes]: [string, Uint8Array], folder: string): void {
  for (const file of FILES) writeFileSync(join(folder, file), file === wrong ? bytes : originals.get(file)!);
  const { path } = openModelFolder(folder);
  const tokenizer = new PolicyTokenizer(path);
  tokenizer.prompt('Describe the video.');
  tokenizer.decode(tokenizer.completion('A small red circle moves left.'));
}
