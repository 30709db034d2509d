import { VideocapError } from '../core/errors.ts';
import type { SampleFields } from '../core/sample.ts';
import { readReference } from '../judge/read-caption.ts';
import { RuleBasedJudge } from '../judge/rule-based/rule-based-judge.ts';
import { type DatasetConfig, trainFiles } from './dataset-config.ts';
import { readJsonl } from './jsonl.ts';
import type { OwnSample } from './own-sample.ts';

/** What the samples of a data set have, known before any video is opened. */
export interface DataFields {
  /** How sentences name the data set: its training file, or all of them. */
  file: string;
  /** Whether any sample of the split has such a field, in whichever of its files. */
  train: SampleFields;
  heldOut: SampleFields;
  /** Why the rule-based judge cannot read the references; absent where it can. */
  notSmallWorld?: string;
}

/**
 * Reads which optional fields an own data set has. Lines that are no samples are ignored: `prepareDataset` reports
 * them. `undefined` where the data are not the user's own, or a file cannot be read.
 */
export async function readDataFields(dataset: DatasetConfig, signal?: AbortSignal): Promise<DataFields | undefined> {
  if (dataset.kind !== 'jsonl') return undefined;
  try {
    const files = trainFiles(dataset.train).map(({ path }) => path);
    const [train, heldOut] = [await readSplit(files, signal), await readSplit([dataset.heldOut], signal)];
    const notSmallWorld = train.notSmallWorld ?? heldOut.notSmallWorld;
    return {
      file: files.join(', '),
      train: train.fields,
      heldOut: heldOut.fields,
      ...(notSmallWorld !== undefined && { notSmallWorld }),
    };
  } catch (error) {
    if (error instanceof VideocapError && error.code === 'InvalidDataset') return undefined;
    throw error;
  }
}

/** Stops where nothing that follows could change what is known. */
async function readSplit(
  files: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ fields: SampleFields; notSmallWorld?: string | undefined }> {
  const fields = { thought: false, events: false };
  let notSmallWorld: string | undefined;
  for (const file of files)
    for await (const read of readJsonl(file, signal)) {
      if ('problem' in read) continue;
      fields.thought ||= read.sample.thought !== undefined;
      fields.events ||= read.sample.events !== undefined;
      notSmallWorld ??= await whyNotSmallWorld(read.sample);
      if (fields.thought && fields.events && notSmallWorld !== undefined) return { fields, notSmallWorld };
    }
  return { fields, notSmallWorld };
}

async function whyNotSmallWorld({ id, video, caption, events }: OwnSample): Promise<string | undefined> {
  try {
    await readReference(new RuleBasedJudge(), { id: id ?? video, caption, events });
    return undefined;
  } catch (error) {
    if (error instanceof VideocapError && error.code === 'InvalidConfig') return error.message;
    throw error;
  }
}
