import { parseCompletion } from '../../core/completion.ts';

/** A caption that was made elsewhere. */
export interface Prediction {
  /** What it may be for, an item or a clip: the first that the annotations know counts. */
  ids: readonly string[];
  caption: string;
}

/**
 * A caption as it is scored where tags do not count: the answer of a completion that has one, else the text that
 * follows its analysis, or all of it; `undefined` where there is nothing. An analysis that never ends is no caption.
 */
export function captionOf(text: string): string | undefined {
  const answer = text.indexOf('<answer>');
  if (answer >= 0 && text.includes('</answer>', answer)) return parseCompletion(text).caption;
  const thought = text.indexOf('</think>');
  if (thought < 0 && text.includes('<think>')) return undefined;
  const rest = thought < 0 ? text : text.slice(thought + '</think>'.length);
  return rest.replace(/^\s*<answer>/, '').trim() || undefined;
}

/** Whether `captionOf` finds more in a text than its caption. */
export function hasTags(text: string): boolean {
  return /<\/?(think|answer)>/.test(text);
}
