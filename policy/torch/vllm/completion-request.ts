import { z } from 'zod';
import type { GenerateRequest } from '../../../core/policy-engine.ts';
import { seedAt } from '../../../core/random.ts';
import { RolloutFault } from './rollout-fault.ts';
import type { VideoFeatures } from './video-features.ts';

/** What is added to the logits of tokens that are never sampled: the ranks add the same. */
const NEVER = -1e9;

/** A prompt for a server. */
export interface ServerPrompt {
  sampleId: string;
  /** Token ids that the server is sent: with one placeholder where it processes the video, else `expandedIds`. */
  promptIds: readonly number[];
  /** With the video's tokens in place, as the ranks have it. */
  expandedIds: readonly number[];
  /** Frames for the server to process, or what they have been processed to. */
  video: { content_parts: readonly { type: 'video_url'; url: string }[] } | { features: VideoFeatures };
}

/** A policy as a server knows it. */
export interface ServedPolicy {
  /** What requests name. */
  model: string;
  /** What the server calls the weights of its base model. */
  version: string;
  /** Keeps what is cached for other policies apart. */
  sha256: string;
}

interface Choosing extends Pick<GenerateRequest, 'sampling' | 'filters' | 'maxNewTokens'> {
  endToken: number;
  suppressed: readonly number[];
}

/** The request for the completion at `place` of its group. Its seed is a function of the run's seed and its place. */
export function completionBody(prompt: ServerPrompt, policy: ServedPolicy, place: number, choosing: Choosing) {
  const { sampling, filters, maxNewTokens, endToken, suppressed } = choosing;
  return {
    ...asked(prompt, prompt.promptIds, policy),
    sampling_params: {
      temperature: sampling?.temperature ?? 0,
      ...(sampling && { seed: seedAt(sampling.seed, [...sampling.path, prompt.sampleId, place]) >>> 0 }),
      ...(filters && {
        ...{ top_k: filters.topK, top_p: filters.topP, min_p: filters.minP },
        repetition_penalty: filters.repetitionPenalty,
      }),
      ...{ max_tokens: maxNewTokens, stop_token_ids: [endToken], ignore_eos: true, detokenize: false, logprobs: 0 },
      logit_bias: Object.fromEntries(suppressed.map((id) => [id, NEVER])),
    },
  };
}

/** The request for the log-probabilities of given tokens after a prompt. */
export function scoringBody(prompt: ServerPrompt, policy: ServedPolicy, tokenIds: readonly number[]) {
  return {
    ...asked(prompt, [...prompt.promptIds, ...tokenIds], policy),
    sampling_params: { temperature: 0, max_tokens: 1, detokenize: false, logprobs: 0, prompt_logprobs: 0 },
  };
}

function asked({ video }: ServerPrompt, token_ids: readonly number[], { model, sha256: cache_salt }: ServedPolicy) {
  return { model, token_ids, ...video, return_token_ids: true, cache_salt };
}

const Id = z.int().nonnegative();
const LogProb = z.object({ logprob: z.number() });
export const GenerateAnswer = z.object({
  prompt_token_ids: z.array(Id),
  prompt_logprobs: z.array(z.record(z.string(), LogProb).nullable()).nullish(),
  choices: z.tuple([
    z.object({
      token_ids: z.array(Id).min(1),
      logprobs: z.object({ content: z.array(LogProb.extend({ token_id: Id })) }),
      weight_versions: z.array(z.object({ version: z.string() })).min(1),
    }),
  ]),
});
type GenerateAnswer = z.infer<typeof GenerateAnswer>;

/** What a server sampled. */
export interface ServedCompletion {
  tokenIds: number[];
  logProbs: number[];
}

/** @throws RolloutFault `refused`, or `otherPolicy` where other weights have sampled. */
export function readCompletion(
  answer: GenerateAnswer,
  { url, prompt, policy }: { url: string; prompt: ServerPrompt; policy: ServedPolicy },
): ServedCompletion {
  requirePrompt(answer, prompt.expandedIds, url);
  const version = versionIn(answer, url);
  if (version !== policy.version)
    throw new RolloutFault(
      'otherPolicy',
      `The rollout server ${url} has sampled with the weights "${version}", not with "${policy.version}"`,
    );
  const [{ token_ids: tokenIds, logprobs }] = answer.choices;
  const ids = logprobs.content.map(({ token_id }) => token_id);
  if (ids.length !== tokenIds.length || ids.some((id, i) => id !== tokenIds[i]))
    throw new RolloutFault(
      'refused',
      `The rollout server ${url} gives log-probabilities of other tokens than those that it sampled`,
    );
  return { tokenIds, logProbs: logprobs.content.map(({ logprob }) => logprob) };
}

/** The log-probabilities of the tokens after a prompt. @throws RolloutFault `refused`. */
export function readScores(
  answer: GenerateAnswer,
  { url, prompt, tokenIds }: { url: string; prompt: ServerPrompt; tokenIds: readonly number[] },
): number[] {
  const ids = [...prompt.expandedIds, ...tokenIds];
  requirePrompt(answer, ids, url);
  const rows = answer.prompt_logprobs ?? [];
  return tokenIds.map((id, i) => {
    const row = rows[prompt.expandedIds.length + i]?.[id];
    if (row) return row.logprob;
    throw new RolloutFault('refused', `The rollout server ${url} gives no log-probabilities of a prompt's tokens`);
  });
}

/** The version of the weights that made an answer. @throws RolloutFault `otherPolicy` where they changed meanwhile. */
export function versionIn({ choices: [{ weight_versions: spans }] }: GenerateAnswer, url: string): string {
  const [version, ...others] = new Set(spans.map((span) => span.version));
  if (others.length === 0) return version!;
  throw new RolloutFault('otherPolicy', `The rollout server ${url} changed its weights while it sampled a completion`);
}

/** The server must see the prompt that the ranks compute, or its log-probabilities are those of another one. */
function requirePrompt({ prompt_token_ids: found }: GenerateAnswer, expected: readonly number[], url: string): void {
  const at = expected.findIndex((id, i) => id !== found[i]);
  if (at < 0 && found.length === expected.length) return;
  throw new RolloutFault(
    'refused',
    `The rollout server ${url} makes ${found.length} tokens of a prompt with its video where the ranks make ` +
      `${expected.length}, and they differ from token ${at < 0 ? expected.length : at} on; start the server with the ` +
      'command of `videocap vllm-command`',
  );
}
