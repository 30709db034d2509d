import { clipped } from '../../core/clipped.ts';
import { VideocapError } from '../../core/errors.ts';
import type { Judge } from '../judge.ts';
import type { Outcome } from '../questions/question.ts';
import type { JudgeUsage } from '../usage.ts';
import { NO_USAGE } from '../usage.ts';
import type { Verdict } from '../verdict.ts';
import { isWhole, type ParsedEvent, parseCaption } from './parse-caption.ts';
import { chooseOption, mentions, readKeyPoint, readShapeQuestion } from './shape-questions.ts';
import type { ShapeEvent } from './shapes-vocabulary.ts';

/** Characters of a text in an error. */
const LONGEST_SHOWN = 80;

/**
 * The judge of the small world of shapes: it parses captions and compares events, and is no LLM. Strict and exact:
 *
 * - `entailment`: the text has an event of the same size, colour, shape and action (and target, by colour and shape);
 * - `contradiction`: it does not, but says something else of the same subject, that is, of the same colour and shape;
 * - `neutral`: neither. An event that leaves out one of these things is never entailed.
 */
export class RuleBasedJudge implements Judge {
  readonly name = 'rule-based (no LLM)';
  readonly isLlm = false;
  readonly usage: JudgeUsage = { ...NO_USAGE };
  readonly answeredBy = [];

  async entail(text: string, events: readonly string[]): Promise<Outcome<Verdict[]>> {
    this.usage.calls++;
    const found = parseCaption(text);
    return { answer: events.map((event) => verdictOn(wholeEvent(event), found)) };
  }

  /** Mentions without an action are no events. */
  async extractEvents(text: string): Promise<Outcome<string[]>> {
    this.usage.calls++;
    const claims = parseCaption(text).filter(({ action }) => action !== undefined);
    return { answer: [...new Set(claims.map(claimText))] };
  }

  async rate(): Promise<never> {
    throw new VideocapError(
      'InvalidConfig',
      'judge.kind rule-based cannot rate captions, as reward.caption.variant completeness-naturalness needs; ' +
        'set judge.kind to llm, or another variant.',
    );
  }

  async answer(
    caption: string,
    { question, options }: { question: string; options: readonly string[] },
  ): Promise<Outcome<number | null>> {
    this.usage.calls++;
    const asked = readShapeQuestion(question);
    if (!asked)
      throw unread('questions', 'What does the red circle do?', `"${clipped(question, LONGEST_SHOWN)}" is none`);
    return { answer: chooseOption(caption, asked, options) };
  }

  async findKeyPoints(caption: string, keyPoints: readonly string[]): Promise<Outcome<boolean[]>> {
    this.usage.calls++;
    const claims = keyPoints.map((keyPoint) => {
      const claim = readKeyPoint(keyPoint);
      if (!claim)
        throw unread('key points', 'the red circle moves left', `"${clipped(keyPoint, LONGEST_SHOWN)}" is none`);
      return claim;
    });
    return { answer: claims.map((claim) => mentions(caption, claim)) };
  }

  checkReference(sampleId: string, events: readonly string[]): void {
    const missing = events.length === 0 ? 'none' : events.find((event) => wholeEvent(event) === undefined);
    if (missing === undefined) return;
    const has = `sample ${sampleId} has ${missing === 'none' ? 'none' : `"${clipped(missing, LONGEST_SHOWN)}"`}`;
    throw unread('events', 'a small red circle moves left', has);
  }
}

function unread(what: string, example: string, found: string): VideocapError {
  return new VideocapError(
    'InvalidConfig',
    `judge.kind rule-based reads only ${what} of the small world, such as "${example}"; ${found}. ` +
      'For your own videos set judge.kind to llm.',
  );
}

/** The event of a text that has exactly one whole event. */
function wholeEvent(text: string): ShapeEvent | undefined {
  const [event, ...more] = parseCaption(text);
  return event && more.length === 0 && isWhole(event) ? event : undefined;
}

function verdictOn(event: ShapeEvent | undefined, found: readonly ParsedEvent[]): Verdict {
  if (!event) return 'neutral';
  if (found.some((claim) => entails(claim, event))) return 'entailment';
  return found.some((claim) => contradicts(claim, event)) ? 'contradiction' : 'neutral';
}

function entails(claim: ParsedEvent, event: ShapeEvent): boolean {
  return sameSubject(claim, event) && claim.size === event.size && sameAction(claim, event);
}

function contradicts(claim: ParsedEvent, event: ShapeEvent): boolean {
  if (!sameSubject(claim, event)) return false;
  return (
    (claim.size !== undefined && claim.size !== event.size) || (claim.action !== undefined && !sameAction(claim, event))
  );
}

/** Colours and shapes are all different within a scene, so together they name a subject. */
function sameSubject(claim: ParsedEvent, event: ShapeEvent): boolean {
  return claim.colour === event.colour && claim.shape === event.shape;
}

function sameAction(claim: ParsedEvent, event: ShapeEvent): boolean {
  return (
    claim.action === event.action &&
    claim.target?.colour === event.target?.colour &&
    claim.target?.shape === event.target?.shape
  );
}

/** A claim as a sentence that parses to it again; what was not said stays unsaid. */
function claimText({ size, colour, shape, action, target }: ParsedEvent): string {
  const subject = [size, colour, shape].filter(Boolean);
  const whom = target ? ['the', target.colour, target.shape].filter(Boolean) : [];
  return [...(subject.length > 0 ? ['a', ...subject] : []), action, ...whom].join(' ');
}
