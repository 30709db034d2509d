import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const RENDERER = fileURLToPath(new URL('render-template.mjs', import.meta.url));
/** Of a process that renders: milliseconds, and the memory of its heap. */
const TIME = 5000;
const MEGABYTES = 128;

/** A text in whose place a prompt's text is set. */
const PLACE = 'The text of the prompt stands here (5d1f9ab3).';
/** Texts that a template which changes texts would change: it might drop white space, or replace characters. */
const TRIED = ['Describe the video.', ' \n"Quoted" & <tagged>\t{{ text }} \n\n', '0'];

/**
 * A question about one video as a model's chat template has it: the function sets the question's text in. The template
 * is a program out of a model folder, which is not trusted. It runs once, in a process of its own with limits of time
 * and memory, for texts that are chosen here. It never sees the text of a prompt, so that no prompt makes it endless.
 * @throws Error, which says why the template cannot be used.
 */
export function chatTemplate(template: string): (text: string) => string {
  const rendering = renderings.get(template) ?? renderingOf(template);
  renderings.set(template, rendering);
  return (text) => withText(rendering, text);
}

/** By template, with `PLACE` as the text: to start a process takes longer than all else. */
const renderings = new Map<string, string>();

function renderingOf(template: string): string {
  const [rendering, ...tried] = rendered(template, [PLACE, ...TRIED]) as [string, ...string[]];
  const isSetIn = tried.every((text, i) => text === withText(rendering, TRIED[i]!));
  if (rendering.split(PLACE).length === 2 && isSetIn) return rendering;
  throw new Error("it does not have the prompt's text once and as it is");
}

function withText(rendering: string, text: string): string {
  return rendering.replace(PLACE, () => text);
}

/** The template for each text. A process that was starved of time has a second try. */
function rendered(template: string, texts: readonly string[], triesLeft = 1): string[] {
  const inputs = texts.map((text) => ({
    messages: [{ role: 'user', content: [{ type: 'video' }, { type: 'text', text }] }],
    add_generation_prompt: true,
  }));
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath,
    [`--max-old-space-size=${MEGABYTES}`, RENDERER],
    { input: JSON.stringify({ template, inputs }), env: {}, timeout: TIME, killSignal: 'SIGKILL', encoding: 'utf8' },
  );
  if (status === 0) return JSON.parse(stdout) as string[];
  if (status === 3) throw new Error(stderr);
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT' && triesLeft > 0)
    return rendered(template, texts, triesLeft - 1);
  throw new Error(`it takes more than ${TIME / 1000} s or ${MEGABYTES} MB`);
}
