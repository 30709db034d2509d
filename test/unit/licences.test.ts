import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

/**
 * Licences that allow use, change and sale, and ask for little more than their own text. An SPDX expression with `AND`
 * needs all of its parts here, one with `OR` one of them.
 */
const PERMISSIVE = new Set([
  ...['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'Unlicense'],
]);

/** Packages with another licence that a maintainer has read and accepted, each with the reason. */
const READ: Readonly<Record<string, string>> = {
  'caniuse-lite (CC-BY-4.0)': 'data about browsers, whose author must be named where it is passed on; it is not',
  'unionfs (none)': 'its manifest names none, and its file LICENSE is the Unlicense',
};

interface Locked {
  version: string;
  license?: string;
  dev?: boolean;
}

interface Manifest {
  license?: string | { type: string };
  licenses?: readonly { type: string }[];
}

const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
/** Folders of all packages that a user's installation has, on any platform. */
const installed = Object.entries(packages).filter(([folder, { dev }]) => folder !== '' && !dev);

test('every package that a user installs has a permissive licence', () => {
  expect(installed.length).toBeGreaterThan(200);
  const refused = installed
    .map(([folder, locked]) => `${nameOf(folder)} (${licenceOf(folder, locked)})`)
    .filter((text) => !isPermissive(/\((.*)\)$/.exec(text)![1]!) && !(text in READ));
  expect(refused, 'packages whose licence is not allowed').toEqual([]);
});

test('no exception is for a package that is gone, or has another licence by now', () => {
  const found = new Set(installed.map(([folder, locked]) => `${nameOf(folder)} (${licenceOf(folder, locked)})`));
  expect(Object.keys(READ).filter((text) => !found.has(text))).toEqual([]);
});

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['Apache-2.0 AND MIT', true],
  ['Apache-2.0 AND LGPL-3.0-or-later', false],
  ['GPL-3.0-only', false],
  ['AGPL-3.0-only OR SSPL-1.0', false],
  ['UNLICENSED', false],
  ['SEE LICENSE IN LICENSE.md', false],
  ['none', false],
])('%s is permissive: %s', (licence, permissive) => expect(isPermissive(licence)).toBe(permissive));

test('the project itself has the licence that its file says', () => {
  expect(JSON.parse(read('package.json'))).toMatchObject({ license: 'Apache-2.0' });
  expect(read('LICENSE')).toContain('Apache License');
});

/** By the lock file; packages that tell it in an older form have it in their own manifest. */
function licenceOf(folder: string, { license }: Locked): string {
  if (license !== undefined) return license;
  const manifest = existsSync(new URL(`${folder}/package.json`, ROOT))
    ? (JSON.parse(read(`${folder}/package.json`)) as Manifest)
    : {};
  const types = [manifest.license, ...(manifest.licenses ?? [])].flatMap((one) =>
    one === undefined ? [] : typeof one === 'string' ? one : one.type,
  );
  return types.length > 0 ? types.join(' OR ') : 'none';
}

/** Without nested brackets, which no package has; one with them is refused. */
function isPermissive(expression: string): boolean {
  const bare = expression.replace(/^\(([^()]*)\)$/, '$1');
  return bare.split(' OR ').some((part) => part.split(' AND ').every((name) => PERMISSIVE.has(name.trim())));
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}
