import { tmpdir } from 'node:os';
import { VideocapError } from '../../core/errors.ts';

/** A sentence that users meet, and the call that produces it through the code that users run. */
export type PinnedSentence = readonly [sentence: string, produce: () => unknown];

/** A folder that a call made for itself. */
const TEMPORARY = new RegExp(`${tmpdir()}/[\\w.-]+`, 'g');

/**
 * What a call says: `Code: message` of the project's error that it throws, the message of another error, or the text
 * that it returns. Temporary folders become `~`.
 * @throws Error where it says nothing.
 */
export async function sentenceOf(produce: () => unknown): Promise<string> {
  const said = await Promise.resolve().then(produce).catch(inWords);
  if (typeof said !== 'string') throw new Error(`A sentence was expected, not ${JSON.stringify(said)}.`);
  return said.replace(TEMPORARY, '~');
}

function inWords(error: unknown): string {
  const { message } = error as Error;
  return error instanceof VideocapError ? `${error.code}: ${message}` : message;
}
