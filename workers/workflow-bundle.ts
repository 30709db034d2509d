import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type Logger, type WorkflowBundle } from '@temporalio/worker';
import { writeDurably } from '../core/durable-file.ts';
import { sha256 } from '../core/sha256.ts';

export const CHECKOUT = fileURLToPath(new URL('..', import.meta.url));
const KEPT = join(CHECKOUT, 'node_modules', '.cache', 'videocap', 'workflows.js');

/** Where workflows may import from, and workers too. What is installed is known by the lock file. */
export const SOURCES = [
  ...['workflows', 'contracts', 'configs', 'algorithms', 'rewards', 'judge', 'datasets', 'video', 'benchmarks'],
  ...['activities', 'tracking', 'report', 'policy', 'core', 'workers'],
];

/** The outermost first. */
const INTERCEPTORS = [
  ...['start-template.ts', 'failure-sentence.ts', 'payload-limit.ts', 'activity-summary.ts', 'timed-out.ts'],
  'unreadable-messages.ts',
];

/** The workflows as Temporal's sandbox loads them. Bundling takes seconds, so it is done once for the same sources. */
export async function workflowBundle(logger: Logger): Promise<WorkflowBundle> {
  const of = (file: string) => join(CHECKOUT, 'workflows', file);
  const workflowInterceptorModules = INTERCEPTORS.map(of);
  const bundle = () => bundleWorkflowCode({ workflowsPath: of('index.ts'), workflowInterceptorModules, logger });
  return { code: await kept(KEPT, await digestOf(CHECKOUT, SOURCES), async () => (await bundle()).code) };
}

/** A digest of files in folders of a checkout, and of its lock file. @param which default: all modules. */
export async function digestOf(checkout: string, folders: readonly string[], which = /\.[jt]s$/): Promise<string> {
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(checkout, folder), { recursive: true }))
        .filter((name) => which.test(name))
        .map((name) => join(folder, name)),
    ),
  );
  const names = ['package-lock.json', ...found.flat().sort()];
  const files = await Promise.all(names.map(async (name) => [name, await readFile(join(checkout, name), 'utf8')]));
  return sha256(JSON.stringify(files));
}

/**
 * The text that was kept in `file` for `key`, or a new one, kept there from now on. A file that is damaged, or of
 * another key, is replaced; where none can be written, none is kept.
 */
export async function kept(file: string, key: string, make: () => Promise<string>): Promise<string> {
  const [first = '', ...rest] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const text = rest.join('\n');
  if (first === header(key, text)) return text;
  const made = await make();
  await mkdir(dirname(file), { recursive: true })
    .then(() => writeDurably(file, `${header(key, made)}\n${made}`, 'replace'))
    .catch(() => undefined);
  return made;
}

function header(key: string, text: string): string {
  return `// ${key} ${sha256(text)}`;
}
