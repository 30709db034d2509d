import { afterEach, expect, it, vi } from 'vitest';
import { print, printable, printJson, printNote } from '../../../../cli/output/print.ts';

afterEach(() => vi.restoreAllMocks());
const written = (to: 'stdout' | 'stderr', work: () => void) => {
  const write = vi.spyOn(process[to], 'write').mockReturnValue(true);
  work();
  return write.mock.calls.map(([text]) => text).join('');
};

/** They clear the screen, set the title, write to the clipboard, hide text, and turn around what follows. */
const HOSTILE = 'a\u001b[2Jb\u001b]0;title\u0007c\u009b31md\u001b]52;c;aGk=\u0007e\u0000f\u202eg\u2066h\rz';
const HARMLESS = 'a\ufffd[2Jb\ufffd]0;title\ufffdc\ufffd31md\ufffd]52;c;aGk=\ufffde\ufffdf\ufffdg\ufffdh\ufffdz';

it('text in a line', () => expect(printable(`${HOSTILE}\n`)).toBe(`${HARMLESS}\ufffd`));

it('results keep their lines, and nothing else that steers', () => {
  expect(written('stdout', () => print(`one ${HOSTILE}\ntwo`, 'three'))).toBe(`one ${HARMLESS}\ntwo\nthree\n`);
});

it('notes and errors as well', () => {
  expect(written('stderr', () => printNote(`${HOSTILE}\r\nnext\n`))).toBe(`${HARMLESS}\nnext\n`);
});

it('JSON for scripts holds the same value without control characters', () => {
  const json = written('stdout', () => printJson({ [HOSTILE]: HOSTILE }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(json.trimEnd()).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  expect(JSON.parse(json)).toEqual({ [HOSTILE]: HOSTILE });
});

it('letters of every script stay', () => {
  const text = 'Ein rotes Quadrat – 红色的正方形 – مربع أحمر – 👩‍🚀';
  expect(printable(text)).toBe(text);
});
