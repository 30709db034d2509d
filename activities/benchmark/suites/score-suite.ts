import pLimit from 'p-limit';
import { parseCompletion } from '../../../core/completion.ts';
import type { CaptionedClip, SuiteCounts } from '../../../core/stages.ts';
import type { Asker } from '../../judge/question.ts';
import { settled } from '../../judge/read-caption.ts';
import { withBounds, withoutBounds } from '../bootstrap.ts';
import type { ScoredItem, Suite, SuiteItem, SuiteTable } from './suite.ts';
import type { ItemResult, SuiteItems } from './suite-files.ts';
import { LEAVE_OUT_FAILED } from './suites.ts';

/**
 * A caption as it is scored: the answer of a completion that has one, else the text that follows its analysis, or all of it;
 * `undefined` where there is nothing. An analysis that never ends is no caption.
 */
export function captionOf(text: string): string | undefined {
  const answer = text.indexOf('<answer>');
  if (answer >= 0 && text.includes('</answer>', answer)) return parseCompletion(text).caption;
  const thought = text.indexOf('</think>');
  if (thought < 0 && text.includes('<think>')) return undefined;
  const rest = thought < 0 ? text : text.slice(thought + '</think>'.length);
  return rest.replace(/^\s*<answer>/, '').trim() || undefined;
}

/** Of VDC's 5,000 items, each asks about forty questions: all at once would fill the memory, and fewer leave no judge waiting. */
const ITEMS_AT_ONCE = 512;

/**
 * Asks the judge about every item that has a caption. Only fails once all who were asked have answered: answers on their way are
 * paid for.
 */
export async function scoreItems(
  suite: Suite,
  { items, missing }: SuiteItems,
  captions: readonly CaptionedClip[],
  asker: Asker,
  { onItem, signal }: { onItem?: (done: number, total: number) => void; signal?: AbortSignal | undefined } = {},
): Promise<ItemResult[]> {
  const texts = new Map(captions.map(({ sampleId, text }) => [sampleId, text]));
  const reasons = new Map(missing.map(({ clip, reason }) => [clip, reason]));
  let done = 0;
  const scoreItem = async (raw: unknown): Promise<ItemResult> => {
    const item = suite.item.parse(raw);
    const { id, clip, video } = item;
    const text = texts.get(id) ?? texts.get(clip);
    if (text === undefined) return { id, clip, video, missing: reasons.get(clip) ?? 'there is no caption for it' };
    const caption = captionOf(text);
    if (caption === undefined) return { id, clip, video, score: suite.noCaption(item) };
    const outcome = await suite.scoreItem(asker, item, caption, signal);
    if ('answer' in outcome) return { id, clip, video, caption, score: outcome.answer };
    const reason = 'unscorable' in outcome ? outcome.reason : 'not answered yet';
    return { id, clip, video, caption, unscorable: reason };
  };
  const turns = pLimit(ITEMS_AT_ONCE);
  return settled(
    items.map((raw) =>
      turns(async () => {
        const result = await scoreItem(raw);
        onItem?.(++done, items.length);
        return result;
      }),
    ),
  );
}

export interface SuiteNumbers {
  metrics: Record<string, number>;
  /** Had every unscorable item scored as one without a caption, without bounds: only where there are such. */
  worst?: Record<string, number>;
  tables: SuiteTable[];
  counts: SuiteCounts;
}

/** A suite's numbers from its items' results. Missing and unscorable items are in no mean. Deterministic. */
export async function suiteNumbers(
  suite: Suite,
  rawItems: readonly unknown[],
  results: readonly ItemResult[],
  quirks: ReadonlySet<string>,
): Promise<SuiteNumbers> {
  const items = rawItems.map((item) => suite.item.parse(item));
  const leaveOutFailed = quirks.has(LEAVE_OUT_FAILED);
  const withScore = results.flatMap((result, i) => {
    if (result.score === undefined || (leaveOutFailed && result.caption === undefined)) return [];
    return [scored(suite, items[i]!, result)];
  });
  const unscorable = results.flatMap(({ unscorable }, i) =>
    unscorable === undefined ? [] : [{ item: items[i]!, score: suite.noCaption(items[i]!) }],
  );
  const { metrics, tables } = await suite.summarise(withScore, quirks, withBounds);
  const worst =
    unscorable.length > 0 && !leaveOutFailed
      ? await suite.summarise([...withScore, ...unscorable], quirks, withoutBounds)
      : undefined;
  return {
    metrics,
    ...(worst && { worst: worst.metrics }),
    tables,
    counts: {
      items: results.length,
      scored: withScore.length,
      withoutCaption: results.filter(({ score, caption }) => score !== undefined && caption === undefined).length,
      unscorable: unscorable.length,
      missing: results.filter(({ missing }) => missing !== undefined).length,
    },
  };
}

function scored(suite: Suite, item: SuiteItem, { caption, score }: ItemResult): ScoredItem<SuiteItem, unknown> {
  return { item, ...(caption !== undefined && { caption }), score: suite.score.parse(score) };
}
