import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers, findBrowser, type OpenPage, openPage, overflow, startBrowser } from '../support/browser.js';
import { healthyYear, type MadeRun, manyRuns, now, troubledMonths } from '../support/histories.js';
import { deployedWidget } from '../support/widget.js';

const executable = await findBrowser();
const ecs = mockClient(ECSClient);
afterEach(() => ecs.reset());

/**
 * What the CloudWatch console does with a widget's answer: strips what it does not allow, and makes the element before
 * each cwdb-action a button that calls a Lambda, with the action's JSON and all that was typed.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/add_custom_widget_dashboard_interactivity.html
 */
const theConsole = `
  const show = (html, element) => {
    element.innerHTML = html;
    for (const banned of element.querySelectorAll('script, iframe, use')) banned.remove();
    for (const action of element.querySelectorAll('cwdb-action')) {
      const { endpoint, display, confirmation } = Object.fromEntries([...action.attributes].map((a) => [a.name, a.value]));
      const event = JSON.parse(action.textContent);
      action.hidden = true;
      action.previousElementSibling.addEventListener('click', async () => {
        if (confirmation && !confirm(confirmation)) return;
        const all = Object.fromEntries([...document.querySelectorAll('#widget [name]')].map((i) => [i.name, i.value]));
        const answer = await window.invoke(endpoint, { ...event, widgetContext: { theme: 'light', forms: { all }, params: {} } });
        show(answer, document.querySelector(display === 'popup' ? '#popup' : '#widget'));
      });
    }
  };
  window.show = show;`;

const frame =
  '<!doctype html><html lang="en"><title>Dashboard</title><main id="widget"></main><aside id="popup" aria-label="Popup"></aside></html>';

describe.skipIf(executable === undefined)('the widget in a browser', { timeout: 240_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(executable ?? '');
  }, 180_000);
  afterAll(() => browser?.close());

  /** A dashboard with the widget of a made history. */
  async function open(runs: readonly MadeRun[], width: number): Promise<OpenPage> {
    const { show, restore } = deployedWidget(runs);
    const opened = await openPage(browser, frame, { viewport: { width, height: 800 } }, true);
    const { page } = opened;
    await page.exposeFunction('invoke', (endpoint: string, event: unknown) =>
      endpoint.endsWith(':respaldo-prod-restore') ? restore(event) : show(event),
    );
    await page.evaluate(theConsole);
    const html = JSON.stringify(await show({ widgetContext: { params: {} } }));
    await page.evaluate(`window.show(${html}, document.querySelector('#widget'))`);
    return opened;
  }

  it.each([
    { name: 'an empty catalog', runs: () => [], verdict: 'Not safe: there is no database backup' },
    {
      name: 'one backup',
      runs: () => [{ time: new Date(now.getTime() - 3_600_000) }],
      verdict: 'Not safe: there is no media backup',
    },
    { name: 'a year of three targets', runs: healthyYear, verdict: 'Safe: the newest backup of every target' },
    { name: 'failures and gaps', runs: troubledMonths, verdict: 'Not safe: the newest database backup is 2 d old' },
    { name: '100,000 backups', runs: () => manyRuns(100_000), verdict: 'Not safe: there is no media backup' },
  ])('shows $name, wide and narrow, light and dark', async ({ runs, verdict }) => {
    const { page } = await open(runs(), 1200);
    expect(await page.locator('h1').first().textContent()).toContain(verdict);
    expect(await overflow(page)).toBe(0);
    expect(await findBarriers(page)).toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await overflow(page)).toBe(0);
    await page.evaluate(`document.querySelector('.respaldo').classList.add('dark')`);
    await page.evaluate('document.body.style.background = "#14191d"');
    expect(await findBarriers(page)).toEqual([]);
    await page.context().close();
  });

  it('goes from a look to a restore: dry run, form, wrong name, right name', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/x/0123' }] });
    const { page, complaints } = await open(healthyYear(), 1200);
    const popup = page.locator('#popup h1');
    const run = page.getByRole('row', { name: /db_backup_20260314_030000/ }).first();

    await run.getByText('What would it do?').click();
    await popup.getByText('What a restore would do').waitFor();
    expect(await page.locator('#popup').textContent()).toContain('Replaces: "crm"');

    await run.getByText('Restore…').click();
    await page.locator('#widget h1').getByText('Restore db_backup_20260314_030000').waitFor();
    expect(await findBarriers(page)).toEqual([]);

    await page.getByLabel('to confirm').fill('shop');
    await page.locator('#widget').getByText('Restore', { exact: true }).click();
    await page.locator('#popup').getByText('Nothing was restored: "shop" is not its name').waitFor();
    expect(ecs.calls()).toHaveLength(0);

    await page.getByLabel('to confirm').fill('crm');
    await page.locator('#widget').getByText('Restore', { exact: true }).click();
    await popup.getByText('The restore is running').waitFor();
    const [call] = ecs.commandCalls(RunTaskCommand);
    expect(call?.args[0].input.overrides?.containerOverrides?.[0]?.command).toEqual([
      'restore',
      '--force',
      'db_backup_20260314_030000',
    ]);
    expect(complaints).toHaveLength(2);
    expect(complaints[0]).toBe(
      'dialog: Restore db_backup_20260314_030000 over the database "crm"? Stop the application first.',
    );

    await page.getByText('Back', { exact: true }).click();
    await page.locator('#widget h1').getByText('Safe:').waitFor();
    await page.context().close();
  });
});
