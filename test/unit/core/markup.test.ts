import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { html, link, shortened, trusted } from '../../../core/markup.ts';

describe('html', () => {
  it('escapes what is put into it, in text and in attributes', () => {
    const value = `<b>"it's" & more</b>`;
    expect(html`<p title="${value}">${value}</p>`.text).toBe(
      '<p title="&lt;b&gt;&quot;it&#39;s&quot; &amp; more&lt;/b&gt;">&lt;b&gt;&quot;it&#39;s&quot; &amp; ' +
        'more&lt;/b&gt;</p>',
    );
  });

  it('joins lists, keeps markup, and makes nothing of undefined and false', () => {
    expect(html`${[html`<i>1</i>`, '<', 2, undefined, false]}${trusted('<hr>')}`.text).toBe('<i>1</i>&lt;2<hr>');
  });

  it('shows characters that hide or reorder text', () => {
    expect(html`${'a\u202eb\u0000c\u200bd\ufeffe'}`.text).toBe('a⟨U+202E⟩b␀c⟨U+200B⟩d⟨U+FEFF⟩e');
    expect(html`${'line\n\ttab'}`.text).toBe('line\n\ttab');
    expect(html`${'half \ud83d of a pair, whole \ud83d\ude00'}`.text).toBe('half \ufffd of a pair, whole \ud83d\ude00');
  });

  it('turns no text into markup', () => {
    const pieces = fc.array(
      fc.constantFrom('<script>', '</p>', '"', "'", '&lt;', '<!--', 'x=y', '`', ' onload=a', '<', '>'),
    );
    fc.assert(
      fc.property(
        pieces.map((all) => all.join('')),
        (text) => {
          const { document } = parseHTML(html`<html><body><p title="${text}">${text}</p></body></html>`.text);
          expect(document.querySelectorAll('body *')).toHaveLength(1);
          expect(document.querySelector('p')!.textContent).toBe(text);
          expect(document.querySelector('p')!.getAttributeNames()).toEqual(['title']);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('link', () => {
  it.each(['javascript:alert(1)', 'data:text/html,x', '//elsewhere', ' https://x'])('%s is only text', (address) => {
    expect(link(address, 'there').text).toBe('there');
  });
  it('leads to web pages', () => {
    expect(link('http://127.0.0.1:8233/a?b="', 'there').text).toBe(
      '<a href="http://127.0.0.1:8233/a?b=&quot;" target="_blank" rel="noopener noreferrer">there</a>',
    );
  });
});

describe('shortened', () => {
  it('says how much is missing', () => {
    expect(shortened('abcdef', 6)).toBe('abcdef');
    expect(shortened('abcdefg', 6)).toBe('abcde… (2 more characters)');
  });
});
