import { z } from 'zod';
import { Price } from '../../judge/judge-config.ts';
import { baseUrlOf } from '../../judge/providers/openai/openai-config.ts';
import { extraBodyOf, Headers, queryOf, VARIABLE } from '../../judge/providers/openai/request-options.ts';

const SECTION = 'policy.engine';
const DECODING = 'leave it out: benchmarks set it (benchmark, captioning)';

/** Fields of a request that are set here, and what to do instead of adding them. */
const OWN_FIELDS: Readonly<Record<string, string>> = {
  model: 'set policy.model instead',
  messages: 'leave it out: frames and prompt are the message',
  max_tokens: 'set benchmark.maxNewTokens instead',
  max_completion_tokens: 'set benchmark.maxNewTokens instead',
  temperature: DECODING,
  top_p: DECODING,
  top_k: DECODING,
  min_p: DECODING,
  repetition_penalty: DECODING,
  seed: 'leave it out: it follows from the seed of the config and the clip',
  n: 'leave it out: one caption a clip is read',
  stream: 'leave it out: captions are read whole',
};

/**
 * How frames are sent: as pictures (`png` without loss, `jpeg` smaller), or as one video of pictures without loss, as
 * vLLM takes it.
 */
export const FramesAs = z.enum(['png', 'jpeg', 'video']);
export type FramesAs = z.infer<typeof FramesAs>;

/** A vision model behind OpenAI's chat API, such as vLLM's: it writes captions for benchmarks, and is not trained. */
export const OpenAiConfig = z.strictObject({
  /** Any endpoint that speaks OpenAI's chat API and is shown pictures. It captions, and is not trained. */
  kind: z.literal('openai'),
  /** Of the API, without `/chat/completions`. */
  baseUrl: baseUrlOf(SECTION),
  /** Name of the environment variable that holds the key; the key itself never enters a config. */
  apiKeyEnv: z.string().regex(VARIABLE).default('OPENAI_API_KEY'),
  /** Further headers: `{ api-key: AZURE_KEY }` sends the value of the environment variable `AZURE_KEY`. */
  headers: Headers,
  /** Parameters of the URL, such as `{ api-version: 2024-10-21 }`. */
  query: queryOf(SECTION),
  /** Further fields of a request, such as `{ mm_processor_kwargs: { max_pixels: 602112 } }`. */
  extraBody: extraBodyOf(OWN_FIELDS),
  /** How frames are sent: as `png` (without loss) or `jpeg` pictures, or as one `video` of png pictures, for vLLM. */
  frames: FramesAs.default('png'),
  /** Clips captioned at a time. */
  concurrency: z.int().min(1).max(512).default(8),
  /** Of one request. */
  timeoutSeconds: z.number().positive().max(3600).default(300),
  /** What the endpoint allows, over all runs and workers; several share it by `videocap worker --judge-workers`. */
  requestsPerMinute: z.int().min(1).optional(),
  /** USD per million tokens. */
  price: Price.prefault({}),
  /**
   * What a run may spend on captions before it pauses: `calls` is exact, `usd` may be exceeded by about one caption.
   * Tokens are those that the endpoint counts, and estimated where it does not.
   */
  budget: z
    .strictObject({
      /** USD by `price`. */
      usd: z.number().nonnegative().optional(),
      /** Captions asked for; those that are stored already cost nothing. */
      calls: z.int().nonnegative().optional(),
    })
    .prefault({}),
  /** How long an endpoint may give no answer at all before the run pauses until a person resumes it. */
  patienceSeconds: z.number().positive().default(86_400),
});
export type OpenAiConfig = z.infer<typeof OpenAiConfig>;
