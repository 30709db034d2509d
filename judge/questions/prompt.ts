import { readFileSync } from 'node:fs';
import { sha256 } from '../../core/artifact-store.ts';

/** A prompt as it lies in `prompts/`: a text for researchers to read, named with its version. */
export interface Prompt {
  /** `event-entailment.v1`. A changed text gets a new version, so that old verdicts stay what they were. */
  name: string;
  text: string;
  /** Part of what an answer is filed under: an edited text is another question, even under an old name. */
  sha256: string;
}

const JUDGE_PROMPTS = new URL('../prompts/', import.meta.url);

/** @param folder of the prompt's file; a suite's own prompts are in `benchmarks/<suite>/prompts/`. */
export function readPrompt(name: string, folder: URL = JUDGE_PROMPTS): Prompt {
  const text = readFileSync(new URL(`${name}.md`, folder), 'utf8').trim();
  return { name, text, sha256: sha256(text) };
}
