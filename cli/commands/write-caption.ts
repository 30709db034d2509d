import { decodingOf } from '../../benchmarks/benchmark-config.ts';
import { readKeyRules, rolloutMeans } from '../../configs/allowed.ts';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { type ParsedCompletion, parseCompletion } from '../../core/completion.ts';
import { VideocapError } from '../../core/errors.ts';
import { openStorage } from '../../core/open-storage.ts';
import { sha256 } from '../../core/sha256.ts';
import { faultText, JudgeError } from '../../judge/client/judge-error.ts';
import { captionChoice } from '../../policy/engine-inputs.ts';
import { createEngine } from '../../policy/engines.ts';
import { Captioner } from '../../policy/openai/captioner.ts';
import type { OpenAiConfig } from '../../policy/openai/openai-config.ts';
import { promptTexts } from '../../policy/prompt-config.ts';
import { type Clip, encodeClip } from '../../video/clip.ts';
import { findInstallation } from '../installation.ts';
import type { CheckpointConfig } from './checkpoint-config.ts';
import { openCheckpoint } from './open-checkpoint.ts';

/** What a model wrote about a video. */
interface Written {
  text: string;
  parsed: ParsedCompletion;
  truncated: boolean;
}

/** One caption, by an engine in this process or by an endpoint. Needs no servers. */
export async function writeCaption(
  { checkpoint, config }: CheckpointConfig<string>,
  video: string,
  clip: Clip,
): Promise<Written> {
  const { engine } = config.policy;
  return engine.kind === 'openai'
    ? writeByEndpoint(engine, config, video, clip)
    : writeByEngine(checkpoint, config, video, clip);
}

async function writeByEngine(
  checkpoint: string,
  { benchmark, policy, prompt, seed }: ExperimentConfig,
  video: string,
  clip: Clip,
): Promise<Written> {
  const engine = createEngine(policy.engine.kind, rolloutMeans(findInstallation().home));
  try {
    const [group] = await engine.generate({
      engine: policy.engine,
      policy: await openCheckpoint(checkpoint, engine),
      clips: [{ sampleId: video, frames: clip, prompt: promptTexts(prompt)[0]! }],
      groupSize: 1,
      maxNewTokens: benchmark.maxNewTokens,
      ...captionChoice(decodingOf(benchmark), seed),
    });
    const { text, truncated } = group!.completions[0]!;
    return { text, truncated, parsed: parseCompletion(text, prompt.output) };
  } finally {
    await engine.close();
  }
}

/** The caption stays in the ledger of the installation: the same one is not paid for again. */
async function writeByEndpoint(
  engine: OpenAiConfig,
  { benchmark, policy: { model }, prompt, seed }: ExperimentConfig,
  video: string,
  clip: Clip,
): Promise<Written> {
  const { home } = findInstallation();
  const { output } = prompt;
  try {
    const captioner = new Captioner(
      engine,
      { model, output, maxNewTokens: benchmark.maxNewTokens, decoding: decodingOf(benchmark), seed },
      { store: new ArtifactStore(await openStorage(home)), place: 'caption', keyRules: await readKeyRules(home) },
    );
    const { text, parsed, cut, notCaptioned } = await captioner.caption({
      ...{ sampleId: video, prompt: promptTexts(prompt)[0]!, clipSha256: sha256(encodeClip(clip)) },
      frames: async () => clip,
    });
    if (notCaptioned !== undefined)
      throw new VideocapError('InvalidVideo', `${video} was not captioned: ${notCaptioned}.`);
    return { text, parsed, truncated: cut === true };
  } catch (error) {
    // There is no run to resume.
    if (error instanceof JudgeError)
      throw new VideocapError(error.code, `${faultText(error.fault)}.`, { cause: error });
    throw error;
  }
}
