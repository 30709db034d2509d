import { z } from 'zod';
import {
  CaptionClipsInput,
  CaptionClipsOutput,
  ExportPolicyInput,
  ExportPolicyOutput,
  LoadPolicyInput,
  LoadPolicyOutput,
  RolloutGroupsInput,
  RolloutGroupsOutput,
  UpdatePolicyInput,
  UpdatePolicyOutput,
} from './policy.ts';

/** The activities of a policy engine's queue, with the schemas of what each takes and gives. */
export const ENGINE_CONTRACT = {
  loadPolicy: { input: LoadPolicyInput, output: LoadPolicyOutput },
  rolloutGroups: { input: RolloutGroupsInput, output: RolloutGroupsOutput },
  captionClips: { input: CaptionClipsInput, output: CaptionClipsOutput },
  updatePolicy: { input: UpdatePolicyInput, output: UpdatePolicyOutput },
  exportPolicy: { input: ExportPolicyInput, output: ExportPolicyOutput },
};

/**
 * The JSON Schemas of the engine contract, by file name in `contracts/schemas`. Inputs are as an engine gets them from
 * a workflow: fields with a default may be missing.
 */
export function engineSchemas(): Record<string, string> {
  const text = (schema: z.ZodType, io: 'input' | 'output') =>
    `${JSON.stringify(z.toJSONSchema(schema, { io }), undefined, 2)}\n`;
  return Object.fromEntries(
    Object.entries(ENGINE_CONTRACT).flatMap(([activity, { input, output }]) => [
      [`${activity}.input.json`, text(input, 'input')],
      [`${activity}.output.json`, text(output, 'output')],
    ]),
  );
}
