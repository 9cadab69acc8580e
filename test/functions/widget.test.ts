import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { readWidgetCall } from '../../core/deployed/restore-request.js';
import { OperatorError } from '../../core/errors.js';
import { answerInWidget } from '../../functions/restore-in-widget.js';
import { widget } from '../../functions/widget.js';
import { healthyYear, now } from '../support/histories.js';
import { deployedWidget } from '../support/widget.js';

const ecs = mockClient(ECSClient);
afterEach(() => ecs.reset());
const newest = 'db_backup_20260315_030000';

/** Without showing a page of HTML where one is missing. */
function expectIn(html: string, parts: readonly string[]): void {
  expect(parts.filter((part) => !html.includes(part))).toEqual([]);
}

describe('the widget', () => {
  it('answers describe with what it is, in Markdown', async () => {
    const documentation = await deployedWidget(healthyYear()).show({ describe: true });
    expect(documentation).toMatch(/^## respaldo/);
    expect(documentation).toContain('### Parameters\n``` yaml\nschedules:');
  });

  it('shows the report within the console’s rules', async () => {
    const html = await deployedWidget(healthyYear()).show({
      widgetContext: {
        theme: 'dark',
        params: { schedules: [{ name: 'backup-database', expression: 'cron(0 3 * * ? *)' }], prices: '0.023' },
      },
    });
    expect(html.slice(0, 27)).toBe('<div class="respaldo dark">');
    expectIn(html, ['Safe: the newest backup of every target']);
    expectIn(html, ['backup-database']);
    expectIn(html, ['USD a month']);
    expect(/<script|<iframe|<use|<link|<img|url\(|@import|on[a-z]+=/.exec(html)?.[0]).toBeUndefined();
  });

  it('gives each backup a dry run of the restore Lambda in a popup, and the form of its own', async () => {
    const html = await deployedWidget(healthyYear()).show({});
    const restore = 'arn:aws:lambda:eu-west-1:123456789012:function:respaldo-prod-restore';
    const own = 'arn:aws:lambda:eu-west-1:123456789012:function:respaldo-prod-widget';
    const send = (request: unknown) => JSON.stringify(request).replaceAll('"', '&quot;');
    expectIn(html, [
      `<a class="btn">What would it do?</a><cwdb-action action="call" endpoint="${restore}" display="popup">${send({ backup: newest, dryRun: true })}</cwdb-action>`,
      `<a class="btn">Restore…</a><cwdb-action action="call" endpoint="${own}" display="widget">${send({ restore: newest })}</cwdb-action>`,
    ]);
  });

  it('tells of failures that the vault’s notes know, and shows their text as text', async () => {
    const html = await deployedWidget(healthyYear(), [
      { time: new Date(now.getTime() - 3_600_000), reason: '<script>alert(1)</script>' },
    ]).show({});
    expectIn(html, ['1 database run since the newest backup failed']);
    expectIn(html, ['SOURCE_FAILED: &lt;script>alert(1)&lt;/script>']);
  });

  it.each([{ restore: 5 }, 'x', 7, { widgetContext: 'x' }])('says what it knows when it is sent %o', async (event) => {
    expectIn(await deployedWidget(healthyYear()).show(event), ['USAGE', 'Send {} for the report']);
  });

  it('names a backup that is not there', async () => {
    const html = await deployedWidget(healthyYear()).show({ restore: 'db_backup_20200101_000000' });
    expectIn(html, ['NO_SUCH_BACKUP']);
    expectIn(await deployedWidget([]).show({ restore: '<b>x</b>' }), ['&lt;b>x&lt;/b>']);
  });
});

describe('a restore from the widget', () => {
  it.each([
    { title: 'by hand', event: { backup: 'latest' }, request: undefined },
    {
      title: 'what was typed confirms',
      event: { backup: newest, widgetContext: { theme: 'light', forms: { all: { confirm: 'crm' } } } },
      request: { backup: newest, confirm: 'crm' },
    },
    {
      title: 'nothing typed confirms nothing',
      event: { backup: newest, widgetContext: { forms: { all: { confirm: '' } } } },
      request: { backup: newest },
    },
    {
      title: 'a dry run stays one, whatever was typed',
      event: { backup: newest, dryRun: true, widgetContext: { forms: { all: { confirm: 'crm' } } } },
      request: { backup: newest, dryRun: true },
    },
    { title: 'without a form', event: { backup: newest, widgetContext: {} }, request: { backup: newest } },
  ])('$title', ({ event, request }) => expect(readWidgetCall(event)?.request).toEqual(request));

  it('starts only when the name of what it replaces was typed', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/x/0123' }] });
    const deployed = deployedWidget(healthyYear());
    const press = (confirm: string) =>
      deployed.restore({ backup: newest, widgetContext: { forms: { all: { confirm } } } });
    for (const wrong of ['', 'crm ', 'CRM', 'shop']) {
      expectIn(await press(wrong), ['Nothing was restored']);
    }
    expect(ecs.calls()).toHaveLength(0);
    expectIn(await press('crm'), ['The restore is running']);
    const [call] = ecs.commandCalls(RunTaskCommand);
    expect(call?.args[0].input.overrides?.containerOverrides?.[0]?.command).toEqual(['restore', '--force', newest]);
  });

  it('says as text what a person did wrong, and leaves bugs to the log', async () => {
    const call = { request: {}, typed: undefined, theme: 'dark' };
    const wrong = new OperatorError('USAGE', 'a <b>', 'Do c.');
    expectIn(await answerInWidget(Promise.reject(wrong), call), ['USAGE: a &lt;b>']);
    await expect(answerInWidget(Promise.reject(new Error('bug')), call)).rejects.toThrow('bug');
  });
});

describe('a viewer’s event', () => {
  it('may lack everything', async () => {
    const { context } = deployedWidget([]);
    expectIn(await widget(context, null), ['Not safe: there is no database backup']);
  });
});
