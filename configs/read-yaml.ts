import { type CST, type Document, LineCounter, Parser, parseDocument, visit } from 'yaml';
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
  const refuse = (offset: number, fault: string): never => {
    const { line, col } = lines.linePos(offset);
    throw new VideocapError('InvalidConfig', `${file}:${line || 1}:${col || 1}: ${fault}`);
  };
  if (text.length > MAX_CONFIG)
    refuse(0, `the config has ${text.length} characters, more than ${MAX_CONFIG}; name the file of an experiment.`);
  const tooDeep = (at: number): never =>
    refuse(at, `values are nested more than ${MAX_DEPTH} deep; write the config flatter.`);
  const deep = tooDeepAt(text, lines);
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
 * The offset of the first token that lies too deep; counts the lines on the way. Found before anything is built from the tokens: building calls itself
 * for every level, and a stack that is nearly full can end the process.
 */
function tooDeepAt(text: string, lines: LineCounter): number | undefined {
  let level: CST.Token[] = [...new Parser(lines.addNewLine).parse(text)];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return level[0]!.offset;
    level = level.flatMap(childrenOf);
  }
  return undefined;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value ? [token.value] : [];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [key, value].filter((child) => child !== null && child !== undefined));
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
