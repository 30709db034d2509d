import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readPrompt } from '../../../../judge/questions/prompt.ts';

const FOLDERS = ['judge', 'benchmarks/vdc', 'benchmarks/carebench'].map(
  (owner) => new URL(`../../../../${owner}/prompts/`, import.meta.url),
);

/** What every prompt says, for good: figures that were judged by `v1` must be comparable with each other. */
const SAYS: Record<string, string> = {
  'annotation.v1': 'bbf8233442b87b21d8a1d3ab4f733e4a9d85f37f8497da46aac158876f71d091',
  'completeness-naturalness.v1': 'fa3be8d18cd113b88ed90b6a07acf9e6d534108420030d2a972725343027e4f4',
  'event-entailment.v1': 'e23ef7983e0f6c5c7284161472ad2f88bd12703fda4591a3ba8ab4f181e3adc6',
  'event-extraction.v1': 'bb738251a4973109327a82016b28d36daf25213a9b453448d6e5032d48250fd3',
  'key-event-extraction.v1': '6f629eca86b2b242a915feb083f5384d4f2455ed96d8300b1f25232faa0f9d4c',
  'key-point-coverage.v1': '9a78c1f9bf9218e3349052ea6b8a53bb66aeb81d9d7dfc9ccccd25d37a193645',
  'key-point-extraction.v1': 'd2c9336161bbed25987146e671d42826604a78cfdd81919d726bc7295f831dfb',
  'object-entailment.v1': '93495a314367535967d0d3e33e4024d3ba4864c4379e39e48fe76c6259d0c4af',
  'object-extraction.v1': '6e2dc9b0d7b629ef0b235acae10f71983267ae53dc3e838d51c385d10278c23b',
  'question-answering.v1': '3c6a9219cc07df522c8de60f10bef51a2710bb79ca3cce4609442d1f7d24e0e9',
  'question-writing.v1': '45fef49300a5e509281564e4f8d3aa0c70b62b9ae84d077f173e8eec9366fd2e',
  'vdc-answer.v1': '187ab909c1503b84a96d7b10cc4796aaeb9e5c51dba234384466cd0c9df552ea',
  'vdc-match.v1': 'fd331796d4949b25b6fe2a05641bcbb6f2262699abd31fc909415f8c33c914ef',
};

test('a prompt never changes: another text is another version', () => {
  const files = FOLDERS.flatMap((folder) => readdirSync(folder).map((file) => ({ folder, file })));
  const prompts = files.map(({ folder, file }) => readPrompt(file.replace(/\.md$/, ''), folder));
  const now = Object.fromEntries(prompts.map(({ name, sha256 }) => [name, sha256]));
  expect(
    now,
    'A prompt that results were judged by has changed, or is gone. Put its old text back and make the new one a ' +
      'new version: <name>.v2.md beside it, named in the question that uses it. A new prompt is added to this list.',
  ).toEqual(SAYS);
});
