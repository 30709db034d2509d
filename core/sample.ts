import { z } from 'zod';
import { ArtifactRef } from './artifact-ref.ts';
import { PromptText } from './prompt.ts';

/**
 * One subject of the structured analysis: who, what it looks like, what it does (VideoCap-R1's structured thinking).
 */
export const SubjectAnalysis = z.strictObject({
  subject: z.string(),
  attributes: z.array(z.string()),
  actions: z.array(z.string()),
});
export type SubjectAnalysis = z.infer<typeof SubjectAnalysis>;

/** The structured analysis of a video: the JSON between `<think>` and `</think>`. */
export const Thought = z.array(SubjectAnalysis);
export type Thought = z.infer<typeof Thought>;

/** Characters of a choice question or a key point, and of one option. */
const LONGEST_STATEMENT = 500;
const LONGEST_OPTION = 300;

/** The last option of every question, so that a reader who cannot know the answer need not guess. */
export const CANNOT_BE_ANSWERED = 'Cannot be answered from the description.';

/** An option as it is compared: case, spaces, invisible characters and the encoding of accents do not count. */
function readOption(option: string): string {
  return option
    .normalize('NFC')
    .replaceAll(/\p{Cf}/gu, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}

/** A multiple-choice question about a video, with 2 to 8 options that differ; `answer` is the right one's text. */
export const ChoiceQuestion = z
  .strictObject({
    question: z.string().trim().min(1).max(LONGEST_STATEMENT),
    options: z.array(z.string().trim().min(1).max(LONGEST_OPTION)).min(2).max(8),
    answer: z.string().trim().min(1).max(LONGEST_OPTION),
  })
  .refine(({ options }) => new Set(options.map(readOption)).size === options.length, {
    path: ['options'],
    error: 'set a list whose entries all differ',
  })
  .refine(({ options }) => !options.some((option) => readOption(option) === readOption(CANNOT_BE_ANSWERED)), {
    path: ['options'],
    error: `leave out "${CANNOT_BE_ANSWERED}": every question is put with it`,
  })
  .refine(({ options, answer }) => options.includes(answer), {
    path: ['answer'],
    error: 'set one of its "options", letter by letter',
  });
export type ChoiceQuestion = z.infer<typeof ChoiceQuestion>;

/** One thing that a caption of the video should mention. */
export const KeyPoint = z.string().trim().min(1).max(LONGEST_STATEMENT);

export const ChoiceQuestions = z.array(ChoiceQuestion).min(1).max(50);
export const KeyPoints = z.array(KeyPoint).min(1).max(50);

/** What a sample may have besides its video and its caption. */
export const ReferenceField = z.enum(['thought', 'events', 'questions', 'keyPoints']);
export type ReferenceField = z.infer<typeof ReferenceField>;

/** A video with its reference caption, and what else is known of it; that may be missing in own data. */
export const Sample = z.strictObject({
  id: z.string().min(1),
  /**
   * The video: a file inside the artifact store, or the absolute path of a file, a folder of pictures or a picture,
   * with the hash of its content as it was found (`video/video-content.ts`).
   */
  video: z.union([
    z.strictObject({ artifact: ArtifactRef }),
    z.strictObject({ path: z.string(), sha256: z.string(), bytes: z.int() }),
  ]),
  caption: z.string().min(1),
  thought: Thought.optional(),
  events: z.array(z.string()).optional(),
  questions: ChoiceQuestions.optional(),
  keyPoints: KeyPoints.optional(),
  /** What the policy is asked about this sample, in place of the config's `prompt.texts`. */
  prompt: PromptText.optional(),
  /** The part of the video that the sample is about, in seconds from its first frame; absent bounds are its own. */
  start: z.number().optional(),
  end: z.number().optional(),
  /** Of a folder of pictures: how many a second, or the second at which each is seen. */
  fps: z.number().optional(),
  times: z.array(z.number()).optional(),
});
export type Sample = z.infer<typeof Sample>;

/** What samples of a data set may have beside video and caption, and whether any of them has it. */
export type SampleFields = Readonly<Record<'thought' | 'events', boolean>>;

export const DatasetManifest = z.strictObject({
  name: z.string(),
  /** Digest of everything that determines the dataset. */
  digest: z.string(),
  train: z.array(Sample),
  heldOut: z.array(Sample),
  quarantined: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
  /**
   * Where `train` is mixed: its sources, in the order in which their samples follow there, and the number of samples of
   * each.
   */
  sources: z
    .array(z.strictObject({ name: z.string(), weight: z.number().positive(), samples: z.int().min(1) }))
    .optional(),
});
export type DatasetManifest = z.infer<typeof DatasetManifest>;

/** The sources of a mixed training split, each with its share of what is drawn, from 0 to 1. */
export function sharesOf({ sources = [] }: Pick<DatasetManifest, 'sources'>): SourceShare[] {
  const total = sources.reduce((sum, { weight }) => sum + weight, 0);
  return sources.map(({ name, samples, weight }) => ({ name, samples, share: weight / total }));
}

export interface SourceShare {
  name: string;
  samples: number;
  share: number;
}

/** A sample's decoded frames, by reference, and what the policy is asked about them. */
export const ClipRef = z.strictObject({
  sampleId: z.string(),
  clip: ArtifactRef,
  /** Absent in lists of older versions: the default of `policy/prompt-config.ts`. */
  prompt: PromptText.optional(),
});
export type ClipRef = z.infer<typeof ClipRef>;

/** A list of clips, as the store has it. */
export const Clips = z.array(ClipRef);

/** The text the policy is asked to write for a sample, exactly: `<think>JSON</think><answer>caption</answer>`. */
export function structuredCompletion(thought: Thought, caption: string): string {
  return `<think>${JSON.stringify(thought)}</think><answer>${caption}</answer>`;
}

/** What the policy is shown, and asked about it. */
export interface Shown {
  frames: Frames;
  prompt: string;
}

/** Decoded frames at the policy's size, one byte a channel. */
export interface Frames {
  shape: readonly [frames: number, height: number, width: number, channels: number];
  /** RGB, in the order of `shape`. */
  data: Uint8Array;
  /** When each frame is seen, in seconds from the first frame of the video. */
  times?: readonly number[];
}
