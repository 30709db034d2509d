import { fileURLToPath } from 'node:url';
import type { Node } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isIdentifier,
  isPropertyAccessExpression,
  isPropertyAssignment,
} from 'typescript/unstable/ast/is';
import {
  API,
  type Checker,
  type Symbol as Declared,
  SymbolFlags,
  type Type,
  TypeFlags,
} from 'typescript/unstable/sync';

/**
 * The doc comments above the fields of a schema. The schema itself does not hold them; the compiler knows which comment
 * belongs to which field of the schema's output type, through spreads, `extend` and `omit`.
 */
export interface CommentedType {
  /**
   * The comment above a field, on one line, and the field's type. Where the field has none: the comment of what its
   * schema is made of, such as `Weight` for `weight: Weight`. Empty where that has none either.
   */
  field(name: string): { comment: string; type: CommentedType };
  /** The member of a union of kinds whose literal fields are these; itself where it is no union. */
  kind(literals: Readonly<Record<string, string>>): CommentedType;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Reads the comments of an exported type. `read` gets it, and must be done with it when it returns. */
export function withComments<T>(file: string, name: string, read: (type: CommentedType) => T): T {
  // A project of this file and what it imports: the whole one takes seconds to load.
  const project = `${ROOT}tsconfig.comments.json`;
  const text = JSON.stringify({ extends: './tsconfig.json', include: [], files: [file] });
  const api = new API({
    cwd: ROOT,
    fs: {
      readFile: (path) => (path === project ? text : undefined),
      fileExists: (path) => (path === project ? true : undefined),
    },
  });
  try {
    const { checker, program } = api.updateSnapshot({ openProjects: [project] }).getProject(project)!;
    const module = checker.getSymbolAtLocation(program.getSourceFile(`${ROOT}${file}`)!)!;
    const exported = checker.getExportsOfModule(module).find((symbol) => symbol.name === name)!;
    return read(commented(checker, [checker.getDeclaredTypeOfSymbol(exported)]));
  } finally {
    api.close();
  }
}

function commented(checker: Checker, types: readonly Type[]): CommentedType {
  // Looked for when asked: the values of a record of any JSON are such records again, without end.
  const objects = () => types.flatMap((type) => objectsOf(checker, type));
  return {
    field(name) {
      const symbols = objects().flatMap((type) => checker.getPropertyOfType(type, name) ?? []);
      const comment = symbols.map((symbol) => commentOf(checker, symbol)).find((text) => text !== '') ?? '';
      const fieldTypes = symbols.flatMap((symbol) => checker.getTypeOfSymbol(symbol) ?? []);
      return { comment, type: commented(checker, fieldTypes) };
    },
    kind(literals) {
      const isChosen = (type: Type) =>
        Object.entries(literals).every(([name, value]) => literalOf(checker, type, name) === value);
      return commented(checker, objects().filter(isChosen));
    },
  };
}

/** The object types behind unions, lists and records. */
function objectsOf(checker: Checker, type: Type): readonly Type[] {
  if (type.isUnionType()) return type.getTypes().flatMap((member) => objectsOf(checker, member));
  if (!(type.flags & (TypeFlags.Object | TypeFlags.Intersection)) || checker.isTupleType(type)) return [];
  if (checker.isArrayType(type) && type.isTypeReference())
    return checker.getTypeArguments(type).flatMap((element) => objectsOf(checker, element));
  const [values] = checker.getIndexInfosOfType(type);
  return values ? objectsOf(checker, values.valueType) : [type];
}

function literalOf(checker: Checker, type: Type, name: string): unknown {
  const property = checker.getPropertyOfType(type, name);
  const literal = property && checker.getTypeOfSymbol(property);
  return literal?.isLiteralType() ? literal.value : undefined;
}

function commentOf(checker: Checker, property: Declared): string {
  const own = checker.getDocumentationCommentOfSymbol(property);
  const text = own === '' ? commentOfOrigin(checker, property) : own;
  return text.replace(/\s+/g, ' ').trim();
}

/** The comment of what a schema begins with: of `think` for `think.config.prefault({})`, of `Weight` for `Weight`. */
function commentOfOrigin(checker: Checker, property: Declared): string {
  const declaration = property.declarations[0]?.resolve();
  if (!declaration || !isPropertyAssignment(declaration)) return '';
  let schema: Node = declaration.initializer;
  while (isCallExpression(schema) || isPropertyAccessExpression(schema)) schema = schema.expression;
  const origin = isIdentifier(schema) ? checker.getSymbolAtLocation(schema) : undefined;
  const declared = origin && declarationOf(checker, origin);
  return declared ? checker.getDocumentationCommentOfSymbol(declared) : '';
}

/** What a name stands for; `undefined` for a package's. */
function declarationOf(checker: Checker, symbol: Declared): Declared | undefined {
  const declared = symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return declared.declarations.some(({ path }) => path.includes('/node_modules/')) ? undefined : declared;
}
