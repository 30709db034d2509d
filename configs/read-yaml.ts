import { type Document, Lexer, LineCounter, parseDocument } from 'yaml';
import { VideocapError } from '../core/errors.ts';

export interface YamlFile {
  document: Document;
  lines: LineCounter;
  /** The value of the whole file, without cycles; `undefined` where the file is empty. */
  value: unknown;
}

/** Characters; a config is a page of text. The parser's time grows with the square of the number of keys. */
const MAX_CONFIG = 2 ** 16;
/** Sections within sections; a config has four. */
const MAX_DEPTH = 64;

/**
 * Reads YAML of unknown origin. Anchors may be used, but not so that a small text stands for an endless or a huge
 * value.
 * @throws VideocapError `InvalidConfig` with `file:line:column`, what is wrong there and what to do.
 */
export function readYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  const refuse = (offset: number, fault: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new VideocapError('InvalidConfig', `${file}:${line}:${col}: ${fault}`);
  };
  if (text.length > MAX_CONFIG)
    refuse(0, `the config has ${text.length} characters, more than ${MAX_CONFIG}; name the file of an experiment.`);
  const tooDeep = (at: number): never =>
    refuse(at, `values are nested more than ${MAX_DEPTH} deep; write the config flatter.`);
  const deep = tooDeepAt(text);
  if (deep !== undefined) tooDeep(deep);
  try {
    const document = parseDocument(text, { prettyErrors: false, stringKeys: true });
    const broken = document.errors[0];
    if (broken) refuse(broken.pos[0], `${broken.message.replace(/\.$/, '')}. Correct the YAML there.`);
    const value = document.toJS() ?? undefined;
    if (deeperThan(MAX_DEPTH, value)) return tooDeep(firstAlias(text));
    const unusable = unusableName(value);
    if (unusable !== undefined) refuse(Math.max(0, text.indexOf(PROTO)), `${unusable}.`);
    return { document, lines, value };
  } catch (error) {
    // An alias without an anchor before it, or aliases that stand for too many values.
    if (error instanceof ReferenceError)
      return refuse(firstAlias(text), `${error.message.replace(/\.$/, '')}. Write the values out.`);
    throw error;
  }
}

/**
 * The offset at which values may first lie too deep: a level takes a bracket, an indicator, or a column of indentation.
 * Checked before parsing, since the parser calls itself for every level, and a stack that is nearly full can end the
 * process.
 */
function tooDeepAt(text: string): number | undefined {
  let [offset, brackets, indent, indicators] = [0, 0, 0, 0];
  let startsLine = true;
  for (const lexeme of new Lexer().lex(text)) {
    if (startsLine) indent = /^ +$/.test(lexeme) ? lexeme.length : 0;
    startsLine = /^\r?\n$/.test(lexeme);
    if (startsLine || lexeme === ',') indicators = 0;
    if (/^[[{]$/.test(lexeme)) brackets++;
    if (/^[\]}]$/.test(lexeme)) brackets--;
    if (/^[-?:]$/.test(lexeme)) indicators++;
    if (/^[[{?:-]$/.test(lexeme) && brackets + indent + indicators > MAX_DEPTH) return offset;
    if (!MARKS.has(lexeme)) offset += lexeme.length;
  }
  return undefined;
}

/** Lexemes of the library that stand for no text: the start of a document, the end of a broken flow, a scalar. */
const MARKS = new Set(['\x02', '\x18', '\x1f']);

/** The offset of the first alias, or 0 in a text without any. */
function firstAlias(text: string): number {
  return Math.max(0, text.search(/\*[^\s,\]}]/));
}

/** A name that JavaScript has for something else: schemas pass over fields of this name without a word. */
const PROTO = '__proto__';

/** What is wrong with the first field of that name, at any depth; without a full stop. */
export function unusableName(value: unknown, path = ''): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, PROTO)) return `${path}${PROTO} is a name that no field can have; choose another`;
  for (const [name, inner] of Object.entries(value)) {
    const found = unusableName(inner, `${path}${name}.`);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Cycles, which aliases can make, are deeper than any level. */
function deeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => deeperThan(levels - 1, inner));
}
