import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { parseConfig } from '../../../configs/load-config.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { bytesOf, mutated, soup } from '../../fuzz/inputs.ts';

const shipped = ['quickstart.yaml', 'sft.yaml', 'examples/own-data.yaml', 'examples/gspo.yaml'].map((file) =>
  readFileSync(new URL(`../../../configs/${file}`, import.meta.url), 'utf8'),
);
const names = [
  ...Object.keys(ExperimentConfig.shape),
  ...['kind', 'steps', 'optimizer', 'weights', 'caption', 'thresholds', 'suites', 'budget', '__proto__', 'constructor'],
];
const words = [
  ...[
    ': ',
    '- ',
    '\n',
    '\n  ',
    '\n    ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '#',
    '? ',
    '| \n',
    '> \n',
    '---\n',
    '...\n',
  ],
  ...[
    '&a ',
    '*a',
    '&b ',
    '*b',
    '<<: ',
    '!!binary ',
    '!!set ',
    '!x ',
    '%YAML 1.1\n',
    '.inf',
    '.nan',
    '0x7f',
    '1e400',
    '~',
  ],
  ...['jsonl', 'shapes', 'openai', 'true', '-1', '8', '\t', '\r\n', '\\', '\0', '\uFEFF', '\ud83d'],
  ...names,
];
const scalar = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string(),
  fc.constantFrom(...words),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), tie('tree'), { maxKeys: 4 }),
  ),
}));
const overrides = fc.dictionary(
  fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 }).map((path) => path.join('.')),
  ),
  tree,
  { maxKeys: 2 },
);
const text = fc.oneof(
  soup(words),
  mutated(fc.constantFrom(...shipped).map(bytesOf)).map((bytes) => Buffer.from(bytes).toString('utf8')),
  tree.map((value) => stringify(value)),
  fc.string({ unit: 'binary' }),
);

export const inputs = fc.tuple(text, overrides);

export function subject([yaml, changes]: [string, Record<string, unknown>]): void {
  const config = parseConfig(yaml, { file: 'fuzz.yaml', folder: '/fuzz', overrides: changes });
  assert.deepEqual(ExperimentConfig.parse(config), config);
}
