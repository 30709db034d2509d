import type { z } from 'zod';
import type { LlmClient } from '../../judge/client/llm-client.ts';
import type { Prompt } from '../../judge/questions/prompt.ts';
import type { Outcome } from '../../judge/questions/question.ts';
import type { SuiteName } from '../benchmark-config.ts';
import type { Measure } from '../bootstrap.ts';
import type { AuthorsCaptioning } from './captioning.ts';
import type { Prediction } from './predictions.ts';

/** One thing that a suite asks a caption for. A suite adds what its protocol compares the caption with. */
export interface SuiteItem {
  /** Unique within the suite; what `--predictions` are found by. */
  id: string;
  /**
   * Items of one clip share its caption: what the policy writes, or a prediction under this id. Often the same as `id`.
   */
  clip: string;
  /** The video file's name, looked for in `--videos` and its subfolders. Items of one clip name the same file. */
  video: string;
}

/** An item with the caption it got and what the judge made of that. Only these enter a suite's numbers. */
export interface ScoredItem<Item, Score> {
  item: Item;
  /** Absent where the policy wrote none; the score is then the suite's `noCaption`. */
  caption?: string;
  score: Score;
}

/** A number that a suite reports, in the order of its table. */
export interface Column {
  /** Key in `Summary.metrics` and in `PublishedRow.metrics`: `f1`. Its 95% bounds are `f1Low` and `f1High`. */
  metric: string;
  /** `F1`, with its unit where that is not points 0-100. */
  label: string;
  /** Decimals it is shown with; default 1. */
  digits?: number | undefined;
}

/** What others published, in the units of `Summary.metrics`. */
export interface PublishedRow {
  model: string;
  metrics: Readonly<Record<string, number>>;
  /** Where it was published, with the judge if that is known: `Tarsier README; judge gpt-3.5-turbo-0125`. */
  source: string;
}

/** A table beside the main one: categories, buckets. `null` where nothing was measured. */
export interface SuiteTable {
  title: string;
  /** The first one heads the labels. */
  columns: readonly string[];
  rows: readonly { label: string; values: readonly (number | null)[] }[];
}

export interface Summary {
  /**
   * Points 0-100 unless the column's label says otherwise, with `<name>Low` and `<name>High` where bounds were asked
   * for. Never NaN: what nothing was measured for is absent.
   */
  metrics: Record<string, number>;
  tables: SuiteTable[];
}

export interface ScoringHow {
  /** The names of those that are on. */
  quirks: ReadonlySet<string>;
  signal?: AbortSignal | undefined;
}

/**
 * A published benchmark: how its authors' files are read, what the judge is asked, what is made of the answers. All of
 * it is pure but for reading files and asking; videos, captions, failures, storage, published rows and reports are the
 * framework's.
 */
export interface Suite<Item extends SuiteItem = SuiteItem, Score = unknown> {
  readonly name: SuiteName;
  /** For people: `DREAM-1K (AutoDQ)`. */
  readonly title: string;
  /** Where protocol and published numbers come from. */
  readonly source: string;
  /** How an item lies in the store. */
  readonly item: z.ZodType<Item>;
  /**
   * The stored form of a score, with everything that explains it: events, verdicts, answers.
   */
  readonly score: z.ZodType<Score>;
  /** The prompts that `scoreItem` uses: named, with their version, beside every number. */
  readonly prompts: readonly Prompt[];
  /**
   * The quirks of the authors' scripts that can be had, off by default: name -> what it does, as one sentence for the
   * report. `JUDGE_EMPTY` is the framework's work.
   */
  readonly quirks: Readonly<Record<string, string>>;
  /** The main table. */
  readonly columns: readonly Column[];
  readonly published: readonly PublishedRow[];
  /** What else was published and fits no row of numbers, as sentences. */
  readonly notes?: readonly string[];
  /** What the authors' tables are split by: `Category`. A table shows what became of the items of each. */
  readonly groups?: {
    readonly title: string;
    of(item: Item): string;
    /**
     * Those that a headline number is a mean over; the report warns where one of them is not there. Absent: as many as
     * there are.
     */
    readonly all?: readonly string[];
  };

  /**
   * Reads the authors' file, or folder of files, as it is. In the file's order; at least one item; ids are unique.
   * @throws VideocapError `InvalidDataset` that names file, line, field, value and remedy.
   */
  readAnnotations(path: string): Promise<Item[]>;

  /** How the authors have clips captioned. */
  readonly captioning: AuthorsCaptioning;
  /** What the authors ask about an item. Where the items of a clip differ in it, each gets a caption of its own. */
  instruction(item: Item): string;

  /**
   * The captions of a row of the authors' own prediction files, where they have such, by item or clip; none for other
   * rows; `elsewhere` for a row of theirs that is about another benchmark. `itemOf` knows the annotations.
   */
  readPredictions?(row: unknown, itemOf: (id: string) => Item | undefined): Prediction[] | 'elsewhere';
  /** Which of several captions for one id counts, as in the authors' script. */
  readonly repeatedPrediction: 'first' | 'last';
  /** By which id an answer in a log of lmms-eval goes, where the benchmark has several tasks there. */
  idInTask?(task: string, clip: string): string;
  /**
   * Whether a task of lmms-eval asks for this benchmark's captions, as far as its name tells: `camera_test`. Without it
   * logs of lmms-eval are not read.
   */
  isTask?(task: string): boolean;
  /** Whether `doc_id` of such a log is an item's id, in a row that names no video. */
  readonly docIdIsId?: boolean;

  /**
   * Asks what the protocol asks about one caption, which is empty only under `JUDGE_EMPTY`. A question without an
   * answer makes the item unscorable, never 0.
   */
  scoreItem(client: LlmClient, item: Item, caption: string, how: ScoringHow): Promise<Outcome<Score>>;

  /** The score of an item whose clip got no caption: the policy's fault, so a number, without a judge call. */
  noCaption(item: Item): Score;

  /**
   * The suite's numbers. `scored` may be empty. `quirks`: the names of those that are on. `measure` gives means of
   * clips, with or without bounds. Deterministic.
   */
  summarise(
    scored: readonly ScoredItem<Item, Score>[],
    quirks: ReadonlySet<string>,
    measure: Measure,
  ): Promise<Summary>;

  /** Markdown lines for the drill-down of one item: the reference's units, the caption's claims, and the verdicts. */
  describe(item: Item, score: Score): string[];
}
