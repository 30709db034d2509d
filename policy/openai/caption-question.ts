import { z } from 'zod';
import { seedAt } from '../../core/random.ts';
import type { Frames } from '../../core/sample.ts';
import { sha256 } from '../../core/sha256.ts';
import type { Decoding } from '../../core/token-filters.ts';
import type { AnswerEnd, Question } from '../../judge/questions/question.ts';
import { framesAsMedia } from './frames-as-media.ts';
import type { FramesAs } from './openai-config.ts';

/** One clip to caption. */
export interface Asked {
  sampleId: string;
  /** Of the clip's frames and their times: with the prompt and the settings, what a caption is stored under. */
  clipSha256: string;
  prompt: string;
  /** Read for each request. */
  frames(): Promise<Frames>;
}

export interface HowToAsk {
  framesAs: FramesAs;
  decoding: Decoding;
  /** Of the run. What is drawn for a clip follows from it and from the clip's name. */
  seed: number;
}

/** What an endpoint wrote about a clip. */
export type Written = { text: string } & AnswerEnd;

/** A caption as a question to an endpoint. Any text is an answer. */
export function captionQuestion(
  { sampleId, clipSha256, prompt, frames }: Asked,
  { framesAs, decoding, seed }: HowToAsk,
): Question<Written> {
  const drawn = decoding.temperature > 0 ? seedAt(seed, ['caption', sampleId]) >>> 0 : undefined;
  return {
    prompt: { name: 'caption', text: prompt, sha256: sha256(prompt) },
    // The prompt's text for people who read the ledger: its hash is in the key anyway.
    data: { prompt, clip: clipSha256, frames: framesAs, ...(drawn !== undefined && { seed: drawn }) },
    shape: z.string(),
    read: (text, end = { isCut: false, tokens: 0 }) => ({ answer: { text, ...end } }),
    showing: {
      media: async () => framesAsMedia(await frames(), framesAs),
      sampling: samplingFields(decoding),
      seed: drawn,
    },
  };
}

/** How tokens are chosen, as fields of a request: OpenAI's, and vLLM's where they are not at their default. */
function samplingFields({ temperature, topK, topP, minP, repetitionPenalty }: Decoding): Record<string, number> {
  return {
    temperature,
    ...(topP < 1 && { top_p: topP }),
    ...(topK > 0 && { top_k: topK }),
    ...(minP > 0 && { min_p: minP }),
    ...(repetitionPenalty !== 1 && { repetition_penalty: repetitionPenalty }),
  };
}
