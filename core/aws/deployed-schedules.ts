import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { GetScheduleCommand, paginateListSchedules, SchedulerClient } from '@aws-sdk/client-scheduler';
import { type Kind, kinds } from '../archive-name.js';
import { megabytes } from '../backup-table.js';
import { readCatalog } from '../catalog.js';
import type { Deployment } from '../deployed/deployment.js';
import { incidentFolder, incidentsPrefix, readNote } from '../deployed/incidents.js';
import type { DeployedSchedule, LastRun } from '../schedules/schedule-table.js';
import type { Storage } from '../storage.js';
import { s3Client } from './s3-client.js';
import { S3Storage } from './s3-storage.js';

export interface ScheduleClients {
  readonly scheduler: SchedulerClient;
  readonly cloudWatch: CloudWatchClient;
}

export interface DeployedSchedulesOptions extends ScheduleClients {
  readonly deployment: Deployment;
  /** The vault's backups. */
  readonly storage: Storage;
  /** The vault's notes of failures. */
  readonly incidents: Storage;
  readonly now: Date;
}

/** Every schedule of an environment, as EventBridge Scheduler has it now, with the result of its last run. */
export async function deployedSchedules(options: DeployedSchedulesOptions): Promise<DeployedSchedule[]> {
  const { scheduler, deployment } = options;
  const schedules: DeployedSchedule[] = [];
  const pages = paginateListSchedules({ client: scheduler }, { GroupName: deployment.scheduleGroup });
  for await (const { Schedules = [] } of pages) {
    for (const { Name = '' } of Schedules) {
      const {
        ScheduleExpression = '',
        ScheduleExpressionTimezone,
        State,
        Target,
      } = await scheduler.send(new GetScheduleCommand({ GroupName: deployment.scheduleGroup, Name }));
      const input = parseInput(Target?.Input);
      const functionName = (Target?.Arn ?? '').split(':')[6] ?? '';
      schedules.push({
        name: Name,
        expression: ScheduleExpression,
        zone: ScheduleExpressionTimezone ?? 'UTC',
        enabled: State !== 'DISABLED',
        last: input ? await lastBackup(options, input) : await lastCall(options, functionName),
      });
    }
  }
  return schedules.sort((a, b) => a.name.localeCompare(b.name));
}

/** The same for whoever has no clients and storages yet: with the credentials of the SDK's own chain. */
export function vaultSchedules(
  deployment: Deployment,
  endpoint: string | undefined,
  now: Date,
): Promise<DeployedSchedule[]> {
  const { region, vault } = deployment;
  const client = s3Client({ region, endpoint });
  const below = (prefix: string) => new S3Storage({ client, bucket: vault.bucket, prefix });
  return deployedSchedules({
    deployment,
    storage: below(vault.prefix),
    incidents: below(incidentsPrefix),
    scheduler: new SchedulerClient({ region }),
    cloudWatch: new CloudWatchClient({ region }),
    now,
  });
}

function parseInput(text = '{}'): { kind: Kind; target: string } | undefined {
  const { kind, target = '' } = JSON.parse(text) as { kind?: Kind; target?: string };
  return kind && kinds.includes(kind) ? { kind, target } : undefined;
}

/** The newest backup, or a failure that came after it. */
async function lastBackup(
  { storage, incidents }: DeployedSchedulesOptions,
  about: { kind: Kind; target: string },
): Promise<LastRun | undefined> {
  const newest = (await readCatalog(storage, about.kind, about.target)).backups[0];
  let note: { key: string; modified: Date } | undefined;
  for await (const object of incidents.list(incidentFolder({ job: 'backup', ...about }))) {
    if (!note || object.modified > note.modified) note = object;
  }
  if (note && (!newest || note.modified > newest.time)) {
    const { detail } = await readNote(incidents, note.key);
    const what = detail && 'reason' in detail ? `${detail.code}: ${detail.reason}` : note.key;
    return { time: note.modified, ok: false, what };
  }
  return newest && { time: newest.time, ok: true, what: `${newest.id}, ${megabytes(newest.bytes)} MB` };
}

/** From the counts that Lambda itself keeps: the last hour in which the function was called, and whether it failed then. */
async function lastCall({ cloudWatch, now }: DeployedSchedulesOptions, name: string): Promise<LastRun | undefined> {
  const count = (Id: string, MetricName: string) => ({
    Id,
    MetricStat: {
      Metric: { Namespace: 'AWS/Lambda', MetricName, Dimensions: [{ Name: 'FunctionName', Value: name }] },
      Period: 3600,
      Stat: 'Sum',
    },
  });
  const { MetricDataResults = [] } = await cloudWatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now.getTime() - 14 * 86_400_000),
      EndTime: now,
      ScanBy: 'TimestampDescending',
      MetricDataQueries: [count('calls', 'Invocations'), count('errors', 'Errors')],
    }),
  );
  const points = (id: string) => {
    const { Timestamps = [], Values = [] } = MetricDataResults.find(({ Id }) => Id === id) ?? {};
    return Timestamps.map((time, index) => ({ time, value: Values[index] ?? 0 }));
  };
  const call = points('calls').find(({ value }) => value > 0);
  if (!call) return undefined;
  const errors = points('errors').find(({ time }) => time.getTime() === call.time.getTime())?.value ?? 0;
  return { time: call.time, ok: errors === 0, what: errors === 0 ? name : `${errors} errors: see the log of ${name}` };
}
