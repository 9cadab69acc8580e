import * as z from 'zod';
import { parseBackupId } from '../core/archive-name.js';
import { readCatalog } from '../core/catalog.js';
import { type Deployment, deployedName } from '../core/deployed/deployment.js';
import { chooseBackup, restoreTarget } from '../core/deployed/restore-target.js';
import { OperatorError } from '../core/errors.js';
import { gatherFailures } from '../core/report/failures.js';
import { buildReport, type Report } from '../core/report/model.js';
import { gather } from '../core/report/sources.js';
import { parsePrices } from '../core/report/storage-use.js';
import { defaultProofHours } from '../core/report/verdict.js';
import { renderRestoreForm, renderTrouble, renderWidget, type WidgetOptions } from '../core/report/view/widget.js';
import { retentionPolicy } from '../core/retention.js';
import type { Storage } from '../core/storage.js';
import type { Wiring } from './wiring.js';

export interface WidgetContext extends Wiring {
  readonly incidents: Storage;
  readonly now: Date;
  /** Of the widget's Lambda, as it was called: its buttons call what is called like it. */
  readonly arn: string;
}

/** What the dashboard gives along; see infra/dashboard.ts. */
const parameters = z.object({
  schedules: z.array(z.object({ name: z.string(), expression: z.string() })).default([]),
  prices: z.string().optional(),
});

const call = z.looseObject({
  describe: z.unknown().optional(),
  /** A backup's id: asks for the form. */
  restore: z.string().optional(),
  widgetContext: z.looseObject({ theme: z.string().optional(), params: z.unknown().optional() }).optional(),
});

/** What `describe` answers: the dashboard's editor shows it. */
const documentation = `## respaldo: are we safe?
Shows the environment's backups as \`respaldo report\` does: a verdict, a calendar of the last twelve months, sizes, durations, what cleanup removes next, what runs next. From each backup a restore can be looked at and started.

It only lists and reads the vault. A restore is started by the *restore* Lambda, with the right of whoever presses the button (\`lambda:InvokeFunction\`), once the name of what it replaces was typed.

### Parameters
\`\`\` yaml
schedules:            # what runs by itself, for "what happens next"
  - name: database
    expression: cron(0 3 * * ? *)
prices: "STANDARD=0.023,STANDARD_IA=0.0125 USD"   # a GB and month, by storage class
\`\`\``;

/** Answers the dashboard with HTML, or with Markdown where it asks what this is. */
export async function widget(context: WidgetContext, event: unknown): Promise<string> {
  const asked = call.safeParse(event ?? {});
  if (!asked.success) return renderTrouble(unknownCall(asked.error), undefined);
  const { describe, restore, widgetContext } = asked.data;
  if (describe) return documentation;
  const theme = widgetContext?.theme;
  const options: WidgetOptions = { endpoints: endpointsOf(context), theme };
  try {
    if (restore !== undefined) return await restoreForm(context, restore, options);
    const given = parameters.safeParse(widgetContext?.params ?? event);
    return renderWidget(await reportOf(context, given.data ?? { schedules: [] }), options);
  } catch (error) {
    if (error instanceof OperatorError) return renderTrouble(error, theme);
    throw error;
  }
}

function unknownCall({ issues: [issue] }: z.ZodError): OperatorError {
  return new OperatorError(
    'USAGE',
    `the widget was sent something else than it knows: ${issue?.path.join('.') || 'event'}: ${issue?.message}`,
    'Send {} for the report, { "restore": "db_backup_20240115_120000" } for one backup, { "describe": true } for what can be set.',
  );
}

async function reportOf(
  { deployment, storage, incidents, now }: WidgetContext,
  { schedules, prices }: z.output<typeof parameters>,
): Promise<Report> {
  const sources = await gather(storage, deployment.targets);
  const targets = [];
  for (const target of sources.targets) targets.push({ ...target, failures: await gatherFailures(incidents, target) });
  const parsedPrices = prices === undefined ? undefined : parsePrices(prices);
  return buildReport(
    [{ ...sources, targets }],
    {
      policy: retentionPolicy(deployment.retention.days, deployment.retention.keep),
      maxAgeHours: (key) => targetOf(deployment, key)?.maxAgeHours,
      maxProofHours: defaultProofHours,
      expected: deployment.targets,
      schedules,
      zone: deployment.zone,
      prices: typeof parsedPrices === 'object' ? parsedPrices : undefined,
    },
    now,
    deployment.environment,
  );
}

async function restoreForm(
  { deployment, storage }: WidgetContext,
  id: string,
  options: WidgetOptions,
): Promise<string> {
  const target = restoreTarget({ backup: id }, deployment.targets);
  const catalog = await readCatalog(storage, target.kind, target.target);
  const backup = chooseBackup({ backup: parseBackupId(id, '') ? id : 'latest' }, catalog, target);
  return renderRestoreForm({ ...options, ...backup, replaces: target.replaces });
}

function targetOf({ targets }: Deployment, { kind, target }: { kind: string; target: string }) {
  return targets.find((each) => each.kind === kind && each.target === target);
}

function endpointsOf({ arn, deployment }: WidgetContext): WidgetOptions['endpoints'] {
  const own = deployedName(deployment.environment, 'widget');
  return { widget: arn, restore: arn.replace(`:${own}`, `:${deployedName(deployment.environment, 'restore')}`) };
}
