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

export function readPrompt(name: string): Prompt {
  const text = readFileSync(new URL(`../prompts/${name}.md`, import.meta.url), 'utf8').trim();
  return { name, text, sha256: sha256(text) };
}
