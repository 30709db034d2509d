import { DEFAULT_PROMPT } from '../../policy/prompt-config.ts';
import { readCompletion, readScores, versionIn } from '../../policy/torch/vllm/completion-request.ts';
import { requireHandedOver, toleranceOf } from '../../policy/torch/vllm/probe.ts';
import { type ServedRequest, VllmRollouts } from '../../policy/torch/vllm/vllm-rollouts.ts';
import type { PinnedSentence } from './sentence.ts';

const url = 'http://10.0.0.2:8000';
const sha256 = 'f'.repeat(64);
const prompt = { sampleId: 'a', promptIds: [1, 9], expandedIds: [1, 9, 9], video: { content_parts: [] } };
const policy = { model: 'm', version: sha256.slice(0, 4), sha256 };

/** What a server answers: two tokens after the prompt. */
function answer({ prompt_token_ids = [1, 9, 9], versions = ['ffff'], scored = 5 } = {}) {
  const content = [5, scored].map((token_id) => ({ token_id, logprob: -1 }));
  const weight_versions = versions.map((version) => ({ version }));
  return { prompt_token_ids, choices: [{ token_ids: [5, 5], logprobs: { content }, weight_versions }] as const };
}
const read = (given: ReturnType<typeof answer>) =>
  readCompletion(structuredClone(given) as never, { url, prompt, policy });

function sample(allowed: string[]): unknown {
  const means = { home: '/h', allowedServers: async () => ({ servers: allowed, path: '/h/allowed.yaml' }) };
  const request = { config: { kind: 'vllm', servers: [url] }, clips: [{ prompt: DEFAULT_PROMPT }] };
  return new VllmRollouts(means).generate(request as unknown as ServedRequest);
}

/** What is wrong with rollouts by servers. The engine adds ". Once that is repaired: `videocap resume`.". */
export const ROLLOUT_SENTENCES: readonly PinnedSentence[] = [
  [
    'InvalidConfig: policy.engine.rollout.servers names http://10.0.0.2:8000, and /h/allowed.yaml does not allow it: ' +
      'if you trust that server with policies, add: rolloutServers: ["http://10.0.0.2:8000"].',
    () => sample([]),
  ],
  [
    "The rollout server http://10.0.0.2:8000 gives the probe's text log-probabilities that differ from the ranks' by " +
      "2.0e-3 nats a token with the base model, more than 0.001 of float32; start the server with the run's model " +
      'and --dtype float32',
    () => toleranceOf(2e-3, 'float32', url),
  ],
  [
    'The hand-over of the policy ffffffffffff to the rollout server http://10.0.0.2:8000 is refused: the ' +
      "probe's text has log-probabilities that differ from the ranks' by 3.1e-1 nats a token, more than 1.0e-4; the " +
      'server computes with other weights: start it again',
    () => requireHandedOver(0.31, { tolerance: 1e-4, url, sha256 }),
  ],
  [
    'The rollout server http://10.0.0.2:8000 makes 2 tokens of a prompt with its video where the ranks make 3, and ' +
      'they differ from token 2 on; start the server with the command of `videocap vllm-command`',
    () => read(answer({ prompt_token_ids: [1, 9] })),
  ],
  [
    'The rollout server http://10.0.0.2:8000 has sampled with the weights "eeee", not with "ffff"',
    () => read(answer({ versions: ['eeee'] })),
  ],
  [
    'The rollout server http://10.0.0.2:8000 changed its weights while it sampled a completion',
    () => versionIn(answer({ versions: ['eeee', 'ffff'] }) as never, url),
  ],
  [
    'The rollout server http://10.0.0.2:8000 gives log-probabilities of other tokens than those that it ' + 'sampled',
    () => read(answer({ scored: 6 })),
  ],
  [
    "The rollout server http://10.0.0.2:8000 gives no log-probabilities of a prompt's tokens",
    () => readScores(answer({ prompt_token_ids: [1, 9, 9, 5] }) as never, { url, prompt, tokenIds: [5] }),
  ],
];
