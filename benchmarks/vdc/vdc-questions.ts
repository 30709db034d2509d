import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { badAnnotation, readAnnotation, readAnnotationFile } from '../annotation-file.ts';

/** What VDC asks a caption for, one at a time; named as the authors' files are, in the order of their table. */
export const VDC_ASPECTS = ['camera', 'short', 'background', 'main_object', 'detailed'] as const;
export const VdcAspect = z.enum(VDC_ASPECTS);
export type VdcAspect = z.infer<typeof VdcAspect>;

/** A question about a clip with the answer that its reference caption gives. Three of the published ones are empty. */
export const VdcQuestion = z.object({ question: z.string(), answer: z.string(), category: z.string().default('') });
export type VdcQuestion = z.infer<typeof VdcQuestion>;

/** The questions of one aspect by video id. */
export type VdcQuestions = ReadonlyMap<string, readonly VdcQuestion[]>;

const Line = z.record(z.string().min(1), z.array(VdcQuestion));

/**
 * VDC's five question files (`post_eval/<aspect>.jsonl` of `rese1f/aurora`) from the folder they lie in; those that are
 * not there are left out.
 * @throws VideocapError `InvalidDataset` when none is there, or one is not what the authors ship.
 */
export async function readVdc(folder: string): Promise<Map<VdcAspect, VdcQuestions>> {
  const aspects = new Map<VdcAspect, VdcQuestions>();
  for (const aspect of VDC_ASPECTS) {
    const path = join(folder, `${aspect}.jsonl`);
    if (await exists(path)) aspects.set(aspect, await readVdcQuestions(path));
  }
  if (aspects.size === 0)
    throw badAnnotation(
      `There is no VDC question file in ${folder}. Put there one or more of ` +
        `${VDC_ASPECTS.map((name) => `${name}.jsonl`).join(', ')}, as they are in post_eval of rese1f/aurora.`,
    );
  return aspects;
}

/**
 * One file: a line is `{video id: [{question, answer, category}, ...]}`. A video that comes twice has the questions of
 * its last line, as in the authors' code: `main_object.jsonl` has four such.
 * @throws VideocapError `InvalidDataset` that names file, line and field.
 */
export async function readVdcQuestions(path: string): Promise<VdcQuestions> {
  const lines = (await readAnnotationFile(path, 'VDC question file')).split('\n');
  const questions = new Map<string, readonly VdcQuestion[]>();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const read = readAnnotation(line, Line, `VDC question file ${path} line ${i + 1}`);
    for (const [id, asked] of Object.entries(read)) questions.set(id, asked);
  }
  if (questions.size === 0) throw badAnnotation(`VDC question file ${path} is empty.`);
  return questions;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
}
