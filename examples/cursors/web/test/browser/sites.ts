/** What tests read off what the page shows of the whole site. */
import type { Page } from 'playwright-core';

/** Waits until the list has these boards, in this order. */
export const lists = (page: Page, boards: readonly string[]) =>
  page.waitForFunction(
    (wanted) =>
      JSON.stringify([...document.querySelectorAll('.boards a')].map((a) => a.textContent)) ===
      JSON.stringify(wanted),
    boards,
  );

/** The latest first, without the time. */
export const lately = (page: Page) => page.locator('.lately li span:first-child').allTextContents();
