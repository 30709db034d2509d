import { z } from 'zod';
import { CaptionClipsInput, CaptionClipsOutput, LoadPolicyInput, LoadPolicyOutput } from '../contracts/policy.ts';
import { clipped } from '../core/clipped.ts';
import { CaptionedClip } from '../core/completion.ts';
import { VideocapError } from '../core/errors.ts';
import { type Identity, LONGEST_FACT } from '../core/identity.ts';
import type { ClipRef } from '../core/sample.ts';
import { settledEach } from '../core/settled-each.ts';
import { keyOf } from '../core/store-layout.ts';
import { writtenBy } from '../core/written-by.ts';
import { listClips, readShown } from '../policy/engine-inputs.ts';
import { Captioner } from '../policy/openai/captioner.ts';
import { storeEndpointPolicy } from '../policy/openai/endpoint-policy.ts';
import { OpenAiConfig } from '../policy/openai/openai-config.ts';
import { DEFAULT_PROMPT } from '../policy/prompt-config.ts';
import type { ActivityDeps } from './activity-deps.ts';

type EndpointDeps = Pick<ActivityDeps, 'store' | 'onProgress' | 'signal' | 'outage' | 'env' | 'keyRules'>;

/** The part of the engine contract that a model behind an endpoint can keep: it captions, and is not trained. */
export function createEndpointActivities({ store, onProgress, signal, outage, env, keyRules }: EndpointDeps) {
  return {
    /** Asks the endpoint nothing. */
    async loadPolicy(rawInput: z.input<typeof LoadPolicyInput>): Promise<z.infer<typeof LoadPolicyOutput>> {
      const { runKey, policy } = LoadPolicyInput.parse(rawInput);
      const engine = OpenAiConfig.parse(policy.engine);
      return store.onceJson(keyOf('startPolicy', { runKey }), LoadPolicyOutput, async () => ({
        policy: await storeEndpointPolicy(store, engine, policy.model),
      }));
    },

    /** One caption of every clip; a clip that the endpoint refuses is marked as not captioned, with the reason. */
    async captionClips(rawInput: z.input<typeof CaptionClipsInput>): Promise<z.infer<typeof CaptionClipsOutput>> {
      const input = CaptionClipsInput.parse(rawInput);
      const { policy, engine, clips, output, maxNewTokens, decoding, seed, spent, ...place } = input;
      const key = keyOf('captionsOutput', place);
      return store.onceJson(key, CaptionClipsOutput, async () => {
        const started = performance.now();
        const refs = await listClips(store, clips);
        if (refs.length === 0)
          throw new VideocapError('InvalidInput', 'The list of clips is empty; ask for at least one.');
        const captioner = new Captioner(
          OpenAiConfig.parse(engine),
          { model: policy.model, output, maxNewTokens, decoding, seed },
          { store, place: key, env, outage, spent, keyRules: await keyRules?.() },
        );
        let done = 0;
        // Also where an attempt before has stored them: the ledger has the answers, and with them what they have cost.
        const written = await settledEach(refs, async (ref) => {
          const caption = await captioner.caption(askedOf(ref), signal?.());
          onProgress?.({ done: ++done, total: refs.length, what: 'clips captioned' });
          return caption;
        });
        const captions = await store.putJsonOnce(keyOf('captions', place), async () => written);
        const computedWith = together(writtenBy(await store.readJson(captions, z.array(CaptionedClip))));
        const seconds = (performance.now() - started) / 1000;
        return { captions, usage: captioner.usage, ...(computedWith && { computedWith }), seconds };
      });
    },
  };

  function askedOf(ref: ClipRef) {
    const { sampleId, clip, prompt = DEFAULT_PROMPT } = ref;
    return { sampleId, prompt, clipSha256: clip.sha256, frames: async () => (await readShown(store, ref)).frames };
  }
}

/** Several versions of a model as one; nothing of none. */
function together(versions: readonly Identity[]): Identity | undefined {
  if (versions.length === 0) return undefined;
  const facts = [...new Set(versions.flatMap((version) => Object.keys(version)))];
  const values = (fact: string) => [...new Set(versions.flatMap((version) => version[fact] ?? []))];
  return Object.fromEntries(facts.map((fact) => [fact, clipped(values(fact).join(' and '), LONGEST_FACT)]));
}
