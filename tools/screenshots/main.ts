import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { renderPage } from '../../core/report/view/page.js';
import { findBrowser, openPage, startBrowser } from '../../test/support/browser.js';
import { healthyYear, troubledMonths } from '../../test/support/histories.js';
import { reportOf } from '../../test/support/reports.js';

/** The demo's own page, and pages of made histories for what a demo of seconds cannot have. */
const pictures = [
  { name: 'report-demo', html: () => readFile('.cache/demo-report.html', 'utf8'), width: 1120, height: 620 },
  { name: 'report-year', html: async () => renderPage(await reportOf(healthyYear())), width: 1120, height: 1270 },
  {
    ...{ name: 'report-trouble', html: async () => renderPage(await reportOf(troubledMonths())) },
    ...{ width: 1120, height: 1270, dark: true },
  },
  { name: 'report-phone', html: async () => renderPage(await reportOf(healthyYear())), width: 360, height: 760 },
];

const folder = 'docs/images';
const executable = await findBrowser();
if (!executable) process.exit(2);
await mkdir(folder, { recursive: true });
const browser = await startBrowser(executable);
try {
  for (const picture of pictures) await take(browser, picture);
} finally {
  await browser.close();
}

interface Picture {
  readonly name: string;
  readonly html: () => Promise<string>;
  readonly width: number;
  readonly height: number;
  readonly dark?: boolean;
}

async function take(from: Browser, { name, html, width, height, dark }: Picture): Promise<void> {
  const colorScheme = dark ? 'dark' : 'light';
  const { page } = await openPage(from, await html(), { viewport: { width, height }, colorScheme });
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await page.context().close();
  process.stdout.write(`${folder}/${name}.png\n`);
}
