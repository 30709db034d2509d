import type { ReferenceField } from '../../core/sample.ts';
import { annotation } from '../../judge/questions/annotation.ts';
import { keyPointExtraction } from '../../judge/questions/key-point-extraction.ts';
import type { Question } from '../../judge/questions/question.ts';
import { questionWriting } from '../../judge/questions/question-writing.ts';
import type { Annotation, CaptionedSample } from './annotation.ts';

/** One question about a caption, and the fields of a sample that its answer gives. */
interface Maker {
  makes: readonly ReferenceField[];
  ask(caption: string): Question<Partial<Annotation>>;
}

const MAKERS: readonly Maker[] = [
  { makes: ['thought', 'events'], ask: annotation },
  { makes: ['questions'], ask: questionWriting },
  { makes: ['keyPoints'], ask: keyPointExtraction },
];

/** The wanted fields that a sample lacks. */
export function missingFields(sample: CaptionedSample, make: readonly ReferenceField[]): ReferenceField[] {
  return make.filter((field) => sample[field] === undefined);
}

/** What must be asked about a sample's caption to make these fields. */
export function questionsFor(caption: string, fields: readonly ReferenceField[]): Question<Partial<Annotation>>[] {
  return MAKERS.filter(({ makes }) => makes.some((field) => fields.includes(field))).map(({ ask }) => ask(caption));
}

/** By name, the prompts that make these fields. */
export function promptsFor(fields: readonly ReferenceField[]): string {
  return questionsFor('', fields)
    .map(({ prompt }) => prompt.name)
    .join(', ');
}
