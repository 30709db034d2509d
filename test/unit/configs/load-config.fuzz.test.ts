import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../../configs/load-config.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { bytesOf, FUZZ_TIMEOUT, fuzz, mutated, soup } from '../../fuzz.ts';

const shipped = ['quickstart.yaml', 'sft.yaml', 'examples/own-data.yaml'].map((file) =>
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

test(
  'any text is a config, or refused in sentences that name the file',
  () =>
    fuzz('config', 2000, fc.tuple(text, overrides), ([yaml, changes]) => {
      const config = parseConfig(yaml, { file: 'fuzz.yaml', folder: '/fuzz', overrides: changes });
      expect(ExperimentConfig.parse(config)).toEqual(config);
    }),
  FUZZ_TIMEOUT,
);
