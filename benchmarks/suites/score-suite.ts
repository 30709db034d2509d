import pLimit from 'p-limit';
import type { CaptionedClip } from '../../core/completion.ts';
import { settled } from '../../core/settled.ts';
import type { LlmClient } from '../../judge/client/llm-client.ts';
import { measureAlone, measureWithBounds } from '../bootstrap.ts';
import { captionOf } from './predictions.ts';
import { JUDGE_EMPTY } from './quirks.ts';
import type { ScoredItem, Suite, SuiteItem, SuiteTable } from './suite.ts';
import { outcomeTable } from './suite-counts.ts';
import type { ItemResult, SuiteCounts, SuiteItems } from './suite-files.ts';
import type { Variant } from './variants.ts';

/**
 * Items at once, for each question that the judge takes at a time: enough that it never waits, however busy the disk
 * is.
 */
const ITEMS_A_TURN = 16;
/** Of VDC's 5,000 items, each asks about forty questions: all at once would fill the memory. */
const MOST_ITEMS = 512;

/** Which quirks of the authors and which variants of this project are on. */
export interface Choices {
  quirks: ReadonlySet<string>;
  variants: ReadonlySet<Variant>;
}

export interface ScoringOptions extends Choices {
  /** Questions that the judge takes at a time. */
  concurrency: number;
  /** Called for every item that is done and for every question that is answered. */
  onProgress?: (progress: { done: number; total: number; answers: number }) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Asks the judge about every item that has a caption. It fails only after every question in flight is
 * answered, since those answers are paid for.
 */
export async function scoreItems(
  suite: Suite,
  { items, missing, made }: SuiteItems,
  captions: readonly CaptionedClip[],
  client: LlmClient,
  { concurrency, onProgress, signal, quirks, variants }: ScoringOptions,
): Promise<ItemResult[]> {
  const written = new Map(captions.map((caption) => [caption.sampleId, caption]));
  const reasons = new Map(missing.map(({ clip, reason }) => [clip, reason]));
  let [done, answers] = [0, 0];
  const progress = () => onProgress?.({ done, total: items.length, answers });
  // One of VDC's items asks about forty questions: a heartbeat only after all answers would come too late.
  const counting: LlmClient = {
    name: client.name,
    get usage() {
      return client.usage;
    },
    get answeredBy() {
      return client.answeredBy;
    },
    async ask(question, signal) {
      const outcome = await client.ask(question, signal);
      answers++;
      progress();
      return outcome;
    },
  };
  const asItIs = made?.by === 'file' && !variants.has('answerOnly');
  const scoreItem = async (raw: unknown): Promise<ItemResult> => {
    const item = suite.item.parse(raw);
    const { id, clip, video } = item;
    const { text, cut, notCaptioned } = written.get(id) ?? written.get(clip) ?? {};
    if (text === undefined) return { id, clip, video, missing: reasons.get(clip) ?? 'there is no caption for it' };
    if (notCaptioned !== undefined) return { id, clip, video, notCaptioned };
    const caption = asItIs && text.trim() !== '' ? text : captionOf(text);
    const told = { id, clip, video, ...(caption !== undefined && { caption }), ...(cut && { cut }) };
    if (caption === undefined && !quirks.has(JUDGE_EMPTY)) return { ...told, score: suite.noCaption(item) };
    const outcome = await suite.scoreItem(counting, item, caption ?? '', { quirks, signal });
    if ('answer' in outcome) return { ...told, score: outcome.answer };
    return { ...told, unscorable: 'unscorable' in outcome ? outcome.reason : 'not answered yet' };
  };
  const turns = pLimit(Math.min(MOST_ITEMS, ITEMS_A_TURN * concurrency));
  return settled(
    items.map((raw) =>
      turns(async () => {
        const result = await scoreItem(raw);
        done++;
        progress();
        return result;
      }),
    ),
  );
}

export interface SuiteNumbers {
  metrics: Record<string, number>;
  /** Had every unscorable and not captioned item scored as one without a caption: only where there are such. */
  worst?: Record<string, number>;
  tables: SuiteTable[];
  counts: SuiteCounts;
}

/** A suite's numbers from its items' results. Missing, unscorable and not captioned items are in no mean. */
export async function suiteNumbers(
  suite: Suite,
  { items: rawItems, outOf }: Pick<SuiteItems, 'items' | 'outOf'>,
  results: readonly ItemResult[],
  { quirks, variants }: Choices,
): Promise<SuiteNumbers> {
  const items = rawItems.map((item) => suite.item.parse(item));
  const leaveOutEmpty = variants.has('leaveOutEmpty');
  const inMeans = ({ score, caption }: ItemResult) => score !== undefined && !(leaveOutEmpty && caption === undefined);
  const withScore = results.flatMap((result, i) => (inMeans(result) ? [scored(suite, items[i]!, result)] : []));
  const count = (holds: (result: ItemResult) => boolean) => results.filter(holds).length;
  const notCaptioned = count((result) => result.notCaptioned !== undefined);
  const cut = count((result) => result.cut === true);
  const unknown = results.flatMap((result, i) =>
    (result.unscorable ?? result.notCaptioned) === undefined
      ? []
      : [{ item: items[i]!, score: suite.noCaption(items[i]!) }],
  );
  const { metrics, tables } = await suite.summarise(withScore, quirks, measureWithBounds);
  const worst =
    unknown.length > 0 && !leaveOutEmpty
      ? await suite.summarise([...withScore, ...unknown], quirks, measureAlone)
      : undefined;
  const measured = new Set(withScore.map(({ item }) => suite.groups?.of(item)));
  const absent = suite.groups?.all?.filter((group) => !measured.has(group)) ?? [];
  return {
    metrics,
    ...(worst && { worst: worst.metrics }),
    tables: [...tables, ...outcomeTable(suite, items, results, inMeans)],
    counts: {
      items: results.length,
      ...(outOf !== undefined && { outOf }),
      ...(absent.length > 0 && { absent }),
      scored: withScore.length,
      withoutCaption: count(({ score, caption }) => score !== undefined && caption === undefined),
      unscorable: count(({ unscorable }) => unscorable !== undefined),
      missing: count(({ missing }) => missing !== undefined),
      ...(notCaptioned > 0 && { notCaptioned }),
      ...(cut > 0 && { cut }),
    },
  };
}

function scored(suite: Suite, item: SuiteItem, { caption, score }: ItemResult): ScoredItem<SuiteItem, unknown> {
  return { item, ...(caption !== undefined && { caption }), score: suite.score.parse(score) };
}
