import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { PolicyRef } from '../../core/policy-ref.ts';
import { sha256 } from '../../core/sha256.ts';
import { keyOf } from '../../core/store-layout.ts';
import { withoutCredentials } from '../../judge/client/credentials.ts';
import { canonicalJson } from '../../judge/providers/openai/request-options.ts';
import type { OpenAiConfig } from './openai-config.ts';

/** A model behind an endpoint as a policy: in place of weights, a file says which model of which endpoint it is. */
export async function storeEndpointPolicy(
  store: ArtifactStore,
  { baseUrl, query, extraBody }: OpenAiConfig,
  model: string,
): Promise<PolicyRef> {
  const text = `${canonicalJson({ endpoint: withoutCredentials(baseUrl), model, query, extraBody })}\n`;
  return { model, step: 0, weights: await store.put(keyOf('endpointModel', { hash: sha256(text) }), text) };
}
