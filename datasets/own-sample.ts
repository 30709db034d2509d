import { z } from 'zod';
import { PromptText } from '../core/prompt.ts';
import { ChoiceQuestions, KeyPoints, Thought } from '../core/sample.ts';

/** Characters of a caption, and of a thought as JSON: more than any model here reads or writes. */
export const MAX_TEXT = 20_000;
const MAX_NAME = 1000;
const MAX_PICTURES = 100_000;

/** Spaces, characters of control and of layout, such as the space of no width. */
const UNSEEN = /^[\s\p{Z}\p{Cc}\p{Default_Ignorable_Code_Point}]+$/u;
const text = z
  .string()
  .trim()
  .min(1)
  .max(MAX_TEXT)
  .refine((one) => !UNSEEN.test(one), 'write a text that can be seen');
const name = text.max(MAX_NAME);

/** The fields of a sample in a user's own dataset file. */
export const OwnSampleFields = z.strictObject({
  id: name.optional(),
  /** A video file, a folder of pictures or a picture; relative to the dataset file's folder, absolute, or `file://`. */
  video: name,
  caption: text,
  thought: Thought.optional(),
  events: z.array(text).min(1).max(200).optional(),
  questions: ChoiceQuestions.optional(),
  keyPoints: KeyPoints.optional(),
  /** What the policy is asked about this video, in place of the config's `prompt.texts`. */
  prompt: PromptText.optional(),
  /** The part of the video that the sample is about, in seconds from its first frame. */
  start: z.number().nonnegative().optional(),
  end: z.number().positive().optional(),
  /** Of a folder of pictures: how many a second. */
  fps: z.number().positive().max(1000).optional(),
  /** Of a folder of pictures, in place of `fps`: the second at which each is seen. */
  times: z.array(z.number()).min(1).max(MAX_PICTURES).optional(),
});

export const OwnSample = OwnSampleFields.superRefine(({ start = 0, end, fps, times }, context) => {
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  if (end !== undefined && end > 0 && end <= start) refuse('end', `set a number above "start", which is ${start}`);
  if (fps !== undefined && times !== undefined)
    refuse('fps', 'leave out "fps" or "times": each says when pictures are seen');
  if (times?.some((time, i) => i > 0 && time <= times[i - 1]!))
    refuse('times', 'set times that grow from picture to picture');
});
export type OwnSample = z.infer<typeof OwnSample>;
