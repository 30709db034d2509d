import { readFileSync } from 'node:fs';
import { DOMParser, parseHTML } from 'linkedom';

const SCRIPT = readFileSync(new URL('../../../report/page-script.mjs', import.meta.url), 'utf8');

/** A page as a browser without a screen has it: its script has run, and nothing has a place or a size. */
export interface BrowsedPage {
  document: Document;
  /** A person gives a control a value. */
  set(id: string, value: string): void;
  press(id: string): void;
  /** A key, on what has the focus. */
  key(focused: { dispatchEvent(event: unknown): unknown }, name: string): void;
  /** The names of the clips that are shown, in order. */
  shown(): string[];
  /** What a reader sees of the page in a minute: it looks for a newer one, if it does so at all. */
  aMinuteLater(): Promise<void>;
  /** How far the page has been scrolled to keep in place what a reader looks at. */
  scrolled: number;
}

type Document = ReturnType<typeof parseHTML>['document'];

interface Option {
  value: string;
  toggleAttribute(name: string, isSet: boolean): void;
}

/** Where a page has been opened. @param address without one, a file. */
export function browse(text: string, { address = 'file:///report.html', framed = false } = {}): BrowsedPage {
  const { document, window, Event } = parseHTML(text);
  const location = new URL(address);
  const place = { getBoundingClientRect: () => ({ top: 0, bottom: 1, left: 0, width: 1 }) };
  Object.assign(window.HTMLElement.prototype, place);
  // Of which linkedom has the getter alone.
  const select = Object.getPrototypeOf(document.createElement('select')) as object;
  const value = Object.getOwnPropertyDescriptor(select, 'value')!;
  Object.defineProperty(select, 'value', {
    ...value,
    set(this: { options: Iterable<Option> }, wanted: string) {
      for (const option of this.options) option.toggleAttribute('selected', option.value === wanted);
    },
  });
  let later: (() => Promise<void>) | undefined;
  const page: BrowsedPage = {
    document,
    async aMinuteLater() {
      const look = later;
      later = undefined;
      await look?.();
    },
    scrolled: 0,
    set(id, value) {
      const control = document.getElementById(id)! as unknown as { value: string; dispatchEvent(event: unknown): void };
      control.value = value;
      control.dispatchEvent(new Event(id === 'order' ? 'change' : 'input'));
    },
    press: (id) => document.getElementById(id)!.dispatchEvent(new Event('click')),
    key: (focused, name) => focused.dispatchEvent(Object.assign(new Event('keydown'), { key: name })),
    shown: () =>
      [...document.querySelectorAll('#cards > article')]
        .filter((card) => !card.hasAttribute('hidden'))
        .map((card) => card.getAttribute('aria-label')!),
  };
  const parent = {};
  const globals = {
    ...{ document, location, DOMParser, fetch },
    setTimeout: (then: () => Promise<void>) => {
      later = then;
    },
    window: { parent: undefined as unknown },
    matchMedia: () => ({ matches: true }),
    IntersectionObserver: class {
      observe() {}
      disconnect() {}
    },
    addEventListener: () => undefined,
    scrollBy: (_: number, down: number) => {
      page.scrolled += down;
    },
  };
  globals.window.parent = framed ? parent : globals.window;
  new Function(...Object.keys(globals), SCRIPT)(...Object.values(globals));
  return page;
}
