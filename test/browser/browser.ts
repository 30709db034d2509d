import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** A browser that knows nothing yet: a new profile, in English, of a laptop's size. */
export interface FreshBrowser {
  context: BrowserContext;
  page: Page;
  /** Keeps what a page shows, under a name. */
  picture(name: string, page?: Page): Promise<void>;
  close(): Promise<void>;
}

const SIZE = { width: 1280, height: 900 };

/** Chromium refuses to isolate its pages where it runs as root. */
const AS_ROOT = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

/** Starts the Chromium that `npm run test:browser` has found. */
export async function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.VIDEOCAP_CHROMIUM!, args: AS_ROOT });
}

export async function freshBrowser(browser: Browser): Promise<FreshBrowser> {
  const context = await browser.newContext({ viewport: SIZE, locale: 'en-GB', timezoneId: 'UTC' });
  // A machine may be slow.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const folder = process.env.VIDEOCAP_BROWSER_PICTURES!;
  return {
    context,
    page,
    async picture(name, shown = page) {
      await mkdir(folder, { recursive: true });
      await shown.screenshot({ path: join(folder, `${name}.png`) });
    },
    close: () => context.close(),
  };
}

/** Follows a link that opens a page of its own. */
export async function opened(context: BrowserContext, click: () => Promise<void>): Promise<Page> {
  const [page] = await Promise.all([context.waitForEvent('page'), click()]);
  await page.waitForLoadState();
  return page;
}
