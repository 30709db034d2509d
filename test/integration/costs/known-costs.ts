import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

/** Everything that a step costs and that no machine changes. A test in this folder measures each part. */
const FILE = fileURLToPath(new URL('known-costs.json', import.meta.url));
const RENEW = 'VIDEOCAP_RENEW_COSTS';

type Costs = Record<string, Record<string, number>>;

/**
 * Requires a part's figures to be those of `known-costs.json`. A change that is meant to cost more or less renews them,
 * and its commit says why:
 * `VIDEOCAP_RENEW_COSTS=1 npx vitest run --project integration --no-file-parallelism test/integration/costs`.
 * @param tolerance as a share, for figures that a clock's digits change a little.
 */
export async function expectCosts(part: string, found: Record<string, number>, tolerance = 0): Promise<void> {
  const known = JSON.parse(await readFile(FILE, 'utf8')) as Costs;
  if (process.env[RENEW]) {
    await writeFile(FILE, `${JSON.stringify({ ...known, [part]: found }, null, 2)}\n`);
    return;
  }
  const expected = known[part] ?? {};
  const far = (name: string) => Math.abs(found[name]! - expected[name]!) > tolerance * expected[name]!;
  const kept = Object.fromEntries(
    Object.entries(found).map(([name, value]) => [name, name in expected && !far(name) ? expected[name] : value]),
  );
  expect(kept, `${part} costs something else than in ${FILE}; if that is meant, renew it with ${RENEW}=1`).toEqual(
    expected,
  );
}
