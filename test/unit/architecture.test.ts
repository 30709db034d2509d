import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What each layer, a folder, may import from, besides itself and packages. Type-only imports count. */
const LIBRARIES = ['core', 'video', 'algorithms', 'judge', 'rewards', 'datasets', 'benchmarks', 'policy'];
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  video: ['core'],
  algorithms: ['core'],
  judge: ['core'],
  rewards: ['core', 'judge'],
  datasets: ['core', 'video', 'judge'],
  benchmarks: ['core', 'video', 'judge', 'rewards', 'datasets'],
  policy: ['core', 'algorithms', 'video', 'judge'],
  configs: LIBRARIES,
  contracts: [...LIBRARIES, 'configs'],
  tracking: [...LIBRARIES, 'configs', 'contracts'],
  report: [...LIBRARIES, 'configs', 'contracts'],
  activities: [...LIBRARIES, 'configs', 'contracts', 'tracking', 'report'],
  workflows: [...LIBRARIES, 'configs', 'contracts', 'workers'],
  workers: [...LIBRARIES, 'configs', 'contracts', 'tracking', 'activities', 'workflows'],
  cli: [...LIBRARIES, 'configs', 'contracts', 'tracking', 'report', 'activities', 'workflows', 'workers'],
  scripts: [...LIBRARIES, 'configs', 'contracts', 'activities', 'workers', 'cli'],
  docker: ['core'],
};

interface Import {
  from: string;
  to: string;
  typeOnly: boolean;
}

const FOLDERS = Object.keys(MAY_IMPORT);
const FILES = FOLDERS.flatMap((folder) => sourcesUnder(folder));
const IMPORTS = FILES.flatMap(importsOf);
const LOCAL = IMPORTS.filter(({ to }) => !isPackage(to));

test('the table names every folder that has sources', () => {
  const others = new Set(['test', 'docs', 'node_modules']);
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !others.has(entry.name))
    .map(({ name }) => name)
    .filter((folder) => sourcesUnder(folder).length > 0);
  expect(folders.sort()).toEqual([...FOLDERS].sort());
});

test('imports point one way', () => {
  const wrong = LOCAL.filter(({ from, to }) => {
    const [own, other] = [folderOf(from), folderOf(to)];
    return own !== other && !MAY_IMPORT[own]!.includes(other);
  });
  expect(wrong.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test('no folder may import, over others, from a folder that may import from it', () => {
  for (const folder of Object.keys(MAY_IMPORT)) {
    if (folder === 'workflows' || folder === 'workers') continue; // workflows take the types of the workers' activities
    expect(reachable(folder, (name) => MAY_IMPORT[name] ?? [])).not.toContain(folder);
  }
});

test('no file imports itself, over others: type-only imports count', () => {
  const targets = groupBy(LOCAL, ({ from }) => from);
  const circles = FILES.filter((file) =>
    reachable(file, (name) => (targets.get(name) ?? []).map(({ to }) => to)).has(file),
  );
  expect(circles).toEqual([]);
});

test('what runs inside a workflow imports nothing that its sandbox lacks', () => {
  const values = groupBy(
    IMPORTS.filter(({ typeOnly }) => !typeOnly),
    ({ from }) => from,
  );
  const loaded = reachable('workflows/index.ts', (name) => (values.get(name) ?? []).map(({ to }) => to));
  const native = [...loaded].filter((name) =>
    /^node:|^onnxruntime|^openai|^@temporalio\/(worker|client|activity)/.test(name),
  );
  expect(native).toEqual([]);
});

test('only the workers and scripts start an engine, and workflows take nothing but types from the workers', () => {
  const values = LOCAL.filter(
    ({ from, to, typeOnly }) => folderOf(from) === 'workflows' && folderOf(to) === 'workers' && !typeOnly,
  );
  expect(values).toEqual([]);
});

test('no unit test replaces a module: these files share a process, where others would get the replacement', () => {
  const replacing = sourcesUnder('test/unit').filter(
    (file) =>
      file !== 'test/unit/architecture.test.ts' && /\bvi\.(doM|m)ock\(/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  expect(replacing).toEqual([]);
});

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = [...text.matchAll(/^(import|export)( type)?\b(?:[^;'"]*?\bfrom)?\s*'([^']+)';/gm)].map(
    ([statement, , typed, to]) => ({ to: to!, typeOnly: typed !== undefined || onlyTypes(statement) }),
  );
  const dynamic = [...text.matchAll(/\bimport\('([^']+)'\)/g)].map(([, to]) => ({ to: to!, typeOnly: false }));
  return [...found, ...dynamic].map(({ to, typeOnly }) => ({
    from: file,
    to: isPackage(to) ? to : relative(ROOT, resolve(ROOT, dirname(file), to)),
    typeOnly,
  }));
}

/** `import { type A, type B } from '...'` is erased too. */
function onlyTypes(statement: string): boolean {
  const names =
    /\{([^}]*)\}/
      .exec(statement)?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean) ?? [];
  return names.length > 0 && names.every((name) => name.startsWith('type '));
}

function isPackage(specifier: string): boolean {
  return (
    !specifier.startsWith('.') &&
    !FILES.includes(specifier) &&
    !specifier.includes('.ts') &&
    !specifier.endsWith('.mjs')
  );
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((name) => `${folder}/${String(name)}`)
    .filter((name) => /\.(ts|mjs)$/.test(name) && statSync(join(ROOT, name)).isFile());
}

function folderOf(file: string): string {
  return file.split('/')[0]!;
}

/** Everything that can be reached from a start; the start itself only where a way leads back to it. */
function reachable(start: string, next: (name: string) => readonly string[]): Set<string> {
  const seen = new Set<string>();
  const open = [...next(start)];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...next(name));
  }
  return seen;
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
