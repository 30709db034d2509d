// Renders a chat template that is not trusted, for each of several inputs: JSON `{template, inputs}` on standard input,
// a JSON list of texts on standard output. In a process of its own, since a template can fill all memory that it is
// given.
import { readFileSync } from 'node:fs';
import { Template } from '@huggingface/jinja';

const { template, inputs } = JSON.parse(readFileSync(0, 'utf8'));
try {
  const parsed = new Template(template);
  process.stdout.write(JSON.stringify(inputs.map((input) => parsed.render(input))));
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message.slice(0, 500) : String(error));
  process.exitCode = 3;
}
