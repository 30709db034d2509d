// Renders a chat template that is not trusted: JSON `{template, items}` on standard input, the text on standard output.
// In a process of its own, since a template can fill all memory that it is given.
import { readFileSync } from 'node:fs';
import { Template } from '@huggingface/jinja';

const { template, items } = JSON.parse(readFileSync(0, 'utf8'));
try {
  process.stdout.write(new Template(template).render(items));
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message.slice(0, 500) : String(error));
  process.exitCode = 3;
}
