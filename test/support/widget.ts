import { Readable } from 'node:stream';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { stampOf } from '../../core/archive-name.js';
import type { Deployment } from '../../core/deployed/deployment.js';
import { readWidgetCall } from '../../core/deployed/restore-request.js';
import type { Storage, StoredObject } from '../../core/storage.js';
import { type RestoreContext, restore } from '../../functions/restore.js';
import { answerInWidget } from '../../functions/restore-in-widget.js';
import { type WidgetContext, widget } from '../../functions/widget.js';
import { type MadeRun, MadeStorage, now, yearPolicy } from './histories.js';

const deployment: Deployment = {
  environment: 'prod',
  zone: 'Europe/Madrid',
  region: 'eu-west-1',
  vault: { bucket: 'vault', prefix: 'backups/' },
  bus: 'bus',
  cluster: 'cluster',
  logGroup: '/respaldo/prod/tasks',
  scheduleGroup: 'respaldo-prod-schedules',
  runbook: 'docs/runbook.md',
  network: { subnets: ['subnet-1'], securityGroups: [], publicAddress: true },
  spot: false,
  retention: yearPolicy,
  targets: [
    { kind: 'database', target: '', replaces: 'crm', maxAgeHours: 25 },
    { kind: 'database', target: 'shop', replaces: 'shop', maxAgeHours: 25 },
    { kind: 'media', target: '', replaces: 'media', maxAgeHours: 192 },
  ],
};

/** A failed task, as its note in the vault tells of it. */
export interface MadeFailure {
  readonly time: Date;
  readonly reason: string;
}

/** The two Lambdas that the dashboard's widget calls, over a made history. ECS is what the test makes of it. */
export function deployedWidget(runs: readonly MadeRun[], failures: readonly MadeFailure[] = []) {
  const storage = new MadeStorage(runs) as unknown as WidgetContext['storage'];
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const incidents = notes(failures);
  const common = { deployment, storage, incidents, log, now };
  const context: WidgetContext = {
    ...common,
    arn: 'arn:aws:lambda:eu-west-1:123456789012:function:respaldo-prod-widget',
  };
  const client = { region: 'eu-west-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
  const restoring: RestoreContext = {
    ...common,
    ecs: new ECSClient(client),
    scheduler: new SchedulerClient(client),
    cloudWatch: new CloudWatchClient(client),
  };
  return {
    context,
    show: (event: unknown) => widget(context, event),
    /** As functions/restore.lambda.ts does. */
    restore: async (event: unknown) => {
      const call = readWidgetCall(event);
      if (!call) throw new Error('this was not called by a widget');
      return answerInWidget(restore(restoring, call.request, 'request-1'), call);
    },
  };
}

function notes(failures: readonly MadeFailure[]): Storage {
  const objects = new Map(
    failures.map(({ time, reason }, index) => {
      const key = `backup-database/${stampOf(time)}-${index}.json`;
      const note = { name: 'Backup Failed', detail: { code: 'SOURCE_FAILED', reason } };
      return [key, { object: { key, bytes: 100, modified: time } satisfies StoredObject, note }];
    }),
  );
  const made = new MadeStorage([], 's3://vault/incidents/');
  return Object.assign(made, {
    async *list(prefix: string) {
      for (const { object } of objects.values()) if (object.key.startsWith(prefix)) yield object;
    },
    read: async (key: string) => Readable.from([Buffer.from(JSON.stringify(objects.get(key)?.note))]),
  });
}
