import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPage } from '../../core/report/view/page.js';
import { findBarriers, findBrowser, type OpenPage, openPage, overflow, startBrowser } from '../support/browser.js';
import { healthyYear, type MadeRun, manyRuns, now, troubledMonths } from '../support/histories.js';
import { reportOf } from '../support/reports.js';

const executable = await findBrowser();
const hour = 3_600_000;

describe.skipIf(executable === undefined)('the page in a browser', { timeout: 240_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(executable ?? '');
  }, 180_000);
  afterAll(() => browser?.close());

  /** Opens a history’s page, looks at it, and closes it. */
  async function lookAt(
    runs: readonly MadeRun[],
    { width, dark = false }: { width: number; dark?: boolean },
    look: (opened: OpenPage) => Promise<void>,
  ): Promise<void> {
    const html = renderPage(await reportOf(runs, { expected: [] }));
    const colorScheme = dark ? 'dark' : 'light';
    const opened = await openPage(browser, html, { viewport: { width, height: 800 }, colorScheme });
    try {
      await look(opened);
    } finally {
      await opened.page.context().close();
    }
  }

  const histories: [string, () => MadeRun[], string][] = [
    ['an empty catalog', () => [], 'Not safe: there is no backup at all.'],
    [
      'one backup',
      () => [
        { time: new Date(now.getTime() - 7 * hour), drill: { time: new Date(now.getTime() - 6 * hour), seconds: 660 } },
      ],
      'Safe: the newest backup is 7 h old and was proved 6 h ago; a restore takes about 11 min.',
    ],
    ['a year of three targets', healthyYear, 'Safe: the newest backup of every target'],
    ['failures and gaps', troubledMonths, 'Not safe: the newest database backup is 2 d old (limit 25 h)'],
    ['100,000 backups', () => manyRuns(100_000), 'Backed up, but look at this: cleanup would remove more than half'],
  ];

  describe.each(histories)('%s', (_, history, verdict) => {
    it('says its verdict first, fits 1200 and 360 pixels, and bars nobody, in light and dark', async () => {
      await lookAt(history(), { width: 1200 }, async ({ page, requests, complaints }) => {
        expect(await page.locator('h1').first().textContent()).toContain(verdict);
        expect(await overflow(page)).toBe(0);
        expect(await findBarriers(page)).toEqual([]);
        await page.setViewportSize({ width: 360, height: 800 });
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await overflow(page)).toBe(0);
        expect(await findBarriers(page)).toEqual([]);
        expect([requests, complaints]).toEqual([[], []]);
      });
    });
  });

  it('would notice a barrier', async () => {
    const html = '<!doctype html><html lang="en"><title>x</title><main><h1>x</h1><p style="color:#ccc">pale</p></main>';
    const { page } = await openPage(browser, html, {});
    expect(await findBarriers(page)).toEqual([expect.stringMatching(/^color-contrast/)]);
    await page.context().close();
  });

  it('has a text for every mark, and a mark for every day', async () => {
    await lookAt(healthyYear(), { width: 1200 }, async ({ page }) => {
      const texts = await page
        .locator('svg [role=img]')
        .evaluateAll((marks) => marks.map((mark) => mark.querySelector('title')?.textContent ?? ''));
      expect(texts.filter((text) => text === '')).toEqual([]);
      const days = await page.locator('#database .months').getByRole('img').count();
      expect(days).toBe(349); // April 1st, 2025 to March 15th, 2026
      const shown = page.locator('#database').getByRole('img', { name: '2026-01-25: proved, 1 backup' });
      expect(await shown.textContent()).toContain('kept: weekly');
    });
  });

  it('keeps the columns’ meaning in the cards of a narrow screen', async () => {
    await lookAt(healthyYear(), { width: 360 }, async ({ page }) => {
      const table = page.getByRole('table', { name: 'Last runs of the shop database' });
      expect(await table.getByRole('columnheader').allTextContents()).toContain('Outcome');
      expect(await table.getByRole('row').count()).toBe(11);
    });
  });

  it('follows the reader’s dark preference on the screen, and is light on paper', async () => {
    await lookAt(troubledMonths(), { width: 1200, dark: true }, async ({ page }) => {
      const paper = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(await paper()).toBe('rgb(20, 25, 29)');
      await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
      expect(await paper()).toBe('rgb(255, 255, 255)');
      const pdf = await page.pdf({ format: 'A4' });
      expect(pdf.subarray(0, 4).toString()).toBe('%PDF');
    });
  });

  it('shows what pretends to be markup as text', async () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
    const runs = [{ time: new Date(now.getTime() - hour), databaseName: evil }];
    await lookAt(runs, { width: 1200 }, async ({ page, requests, complaints }) => {
      expect(await page.locator('script, img').count()).toBe(0);
      expect(await page.locator('#database').textContent()).toContain(evil);
      expect([requests, complaints]).toEqual([[], []]);
    });
  });
});
