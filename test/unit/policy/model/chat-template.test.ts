import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chatTemplate } from '../../../../policy/model/chat-template.ts';
import { openModelFolder } from '../../../../policy/onnx/model/model-folder.ts';

test('a text is set in as the template itself would', () => {
  const template = readFileSync(join(openModelFolder('tiny').path, 'chat_template.jinja'), 'utf8');
  const withText = chatTemplate(template);
  const itself = new Template(template);
  const rendered = (text: string) =>
    itself.render({
      messages: [{ role: 'user', content: [{ type: 'video' }, { type: 'text', text }] }],
      add_generation_prompt: true,
    });
  const unlike = ['$&', "$'$`$1$$", '{{ text }}', '{% if x %}', ' \n ', '<|im_end|>', '\\n"'];
  for (const text of unlike) expect(withText(text)).toBe(rendered(text));
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => withText(text) === rendered(text)));
});
