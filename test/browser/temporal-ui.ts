import type { FrameLocator, Page } from 'playwright-core';

/** Temporal's UI as a user works with it, by what it shows. */

/** Replaces the input in the start form, once the form is filled in. */
export async function typeInput(page: Page, input: object): Promise<void> {
  const editor = page.locator('.cm-content').first();
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  // As one piece: typed key by key, the editor closes each bracket by itself.
  await page.keyboard.insertText(JSON.stringify(input));
}

/** Gives the new run its id, starts it, and follows the link of the note that it has started. */
export async function startFromForm(page: Page, workflowId: string): Promise<void> {
  await page.getByLabel('Workflow ID').fill(workflowId);
  await page.getByRole('button', { name: 'Start Workflow' }).click();
  await page.getByRole('link', { name: 'Workflow started successfully' }).click();
  await page.getByRole('heading', { name: workflowId }).waitFor();
}

/** Sends a signal by the menu of the run's page. */
export async function sendSignal(page: Page, signal: 'pause' | 'resume' | 'stop'): Promise<void> {
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
  const dialog = page.getByRole('dialog', { name: 'Send a Signal' });
  await dialog.locator('button:has(#signal-select)').click();
  await dialog.getByRole('option', { name: new RegExp(`^${signal}`) }).click();
  await dialog.getByRole('button', { name: 'Submit' }).click();
  await dialog.waitFor({ state: 'hidden' });
}

/** What the run says of itself, on the tab User Metadata of its page. */
export async function openDetails(page: Page): Promise<FrameLocator> {
  await page.getByText('User Metadata', { exact: true }).click();
  return page.frameLocator('#user-metadata-current-details');
}

/** Waits until the run says something: the page asks it again at the key R. */
export async function untilDetails(page: Page, says: RegExp, milliseconds: number): Promise<void> {
  const deadline = Date.now() + milliseconds;
  const details = page.frameLocator('#user-metadata-current-details').locator('main');
  for (;;) {
    const text = (await details.textContent()) ?? '';
    if (says.test(text)) return;
    if (Date.now() > deadline) throw new Error(`The run's page does not say ${says}, but:\n${text}`);
    await page.waitForTimeout(1000);
    await page.keyboard.press('r');
  }
}

export async function untilStatus(page: Page, status: 'Completed' | 'Failed', milliseconds: number): Promise<void> {
  await page
    .getByText(new RegExp(`^${status}$`, 'i'))
    .first()
    .waitFor({ timeout: milliseconds });
}
