import { type Document, Lexer, LineCounter, Parser, parseDocument, visit } from 'yaml';
import { VideocapError } from '../core/errors.ts';

export interface YamlFile {
  document: Document;
  lines: LineCounter;
  /** The value of the whole file, without cycles and not much larger than the file; `undefined` where the file is empty. */
  value: unknown;
}

/** Characters; a config is a page of text. The parser's time grows with the square of the number of keys. */
const MAX_CONFIG = 2 ** 16;
/** Sections within sections; a config has four. */
const MAX_DEPTH = 64;

/**
 * Reads YAML that anybody may have written. Anchors may be used, but not so that a small text stands for an endless or a
 * huge value.
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
    checkAliases(document, refuse);
    const value = document.toJS() ?? undefined;
    return deeperThan(MAX_DEPTH, value) ? tooDeep(aliasIn(text)) : { document, lines, value };
  } catch (error) {
    // The library counts what aliases would stand for, and throws before it makes too much of it.
    if (error instanceof ReferenceError)
      return refuse(aliasIn(text), 'aliases stand for too many values; write the values out.');
    throw error;
  }
}

/**
 * The offset at which values first lie too deep. Found before anything is built: to build, and
 * to close what is open, the library calls itself for every level, and a stack that is nearly full can end the process.
 */
function tooDeepAt(text: string): number | undefined {
  const parser = new Parser();
  // What the parser has open: the document and a collection for every level. It does not say so in its type.
  const { stack } = parser as unknown as { stack: unknown[] };
  for (const lexeme of new Lexer().lex(text)) {
    const at = parser.offset;
    for (const _ of parser.next(lexeme));
    if (stack.length > MAX_DEPTH + 1) return at;
  }
  return undefined;
}

function aliasIn(text: string): number {
  return Math.max(0, text.search(/\*[^\s,\]}]/));
}

function checkAliases(document: Document, refuse: (offset: number, fault: string) => never): void {
  visit(document, {
    Alias(_key, alias, ancestors) {
      const target = alias.resolve(document);
      const at = alias.range?.[0] ?? 0;
      if (target === undefined)
        refuse(
          at,
          `the alias *${alias.source} has no anchor before it; write &${alias.source} there, or the value here.`,
        );
      if ((ancestors as readonly unknown[]).includes(target))
        refuse(at, `the alias *${alias.source} stands for a value that it is part of; write the value out.`);
    },
  });
}

function deeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => deeperThan(levels - 1, inner));
}
