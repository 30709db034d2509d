import type { EngineConfig, PolicyConfig } from './policy-config.ts';

/**
 * The address at which a policy's model is served, where the engine is an endpoint; `undefined` of other engines. Such
 * a policy writes captions, and cannot be trained. Pure: workflows import it.
 */
export function endpointOf(engine: EngineConfig): string | undefined {
  return 'baseUrl' in engine ? engine.baseUrl : undefined;
}

/** An engine without what its captions cost, and may cost: captions are the same whatever that is. */
export function withoutCosts(engine: EngineConfig): Partial<EngineConfig> {
  if (engine.kind !== 'openai') return engine;
  const { price, budget, ...rest } = engine;
  return rest;
}

/** Why a policy cannot be trained, in a sentence; `undefined` of one that can. */
export function untrainable({ engine, model }: PolicyConfig): string | undefined {
  if (endpointOf(engine) === undefined) return undefined;
  return (
    `policy.engine.kind is ${engine.kind}: the endpoint that serves ${JSON.stringify(model)} writes captions, and ` +
    'cannot train it; measure it with `videocap bench`, or set onnx or torch.'
  );
}
