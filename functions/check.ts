import { type CloudWatchClient, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { findAnomalies } from '../core/anomalies.js';
import type { Announce } from '../core/aws/event-bus.js';
import { type Backup, newestDrilled } from '../core/catalog.js';
import type { DeployedTarget } from '../core/deployed/deployment.js';
import {
  type Dimension,
  metricNames,
  metricNamespace,
  noBackupHours,
  targetDimensions,
} from '../core/deployed/metrics.js';
import { newestProof } from '../core/drill/verification.js';
import { isUnread, type OperatorError } from '../core/errors.js';
import { type Freshness, judgeFreshness } from '../core/freshness.js';
import { readManifest } from '../core/read-manifest.js';
import { newestGood } from '../core/soundness.js';
import type { Wiring } from './wiring.js';

export interface CheckContext extends Wiring {
  readonly cloudWatch: CloudWatchClient;
  readonly announce: Announce;
  readonly now: Date;
}

export interface CheckReport {
  readonly targets: readonly TargetCheck[];
}

interface TargetCheck {
  readonly kind: string;
  readonly target: string;
  readonly newest: string | undefined;
  readonly ageHours: number | undefined;
  readonly limitHours: number | undefined;
  readonly stale: boolean;
  /** What is odd about the newest good backup, beside the one before. */
  readonly odd: readonly string[];
  /** The newest backup that a drill has proven; where drills are on. */
  readonly proven?: string | undefined;
  readonly provenAgeHours?: number | undefined;
  readonly drillFailed?: boolean;
  readonly damaged: readonly string[];
}

/**
 * Publishes, for each target, how old and how large its newest good backup is. Of one whose records the storage does not
 * give now it publishes nothing: any age would be made up.
 *
 * @throws OperatorError of the storage, once all that can be told of the other targets is told
 */
export async function check(context: CheckContext): Promise<CheckReport> {
  const { deployment, cloudWatch, log } = context;
  const targets: TargetCheck[] = [];
  const data: MetricDatum[] = [];
  let unread: OperatorError | undefined;
  for (const target of deployment.targets) {
    try {
      const { found, measured } = await checkTarget(context, target);
      targets.push(found);
      data.push(...measured);
    } catch (error) {
      if (!isUnread(error)) throw error;
      log.warn(`nothing can be told now of the ${target.kind} backups of "${target.target}": ${error.message}`);
      unread ??= error;
    }
  }
  // PutMetricData takes a thousand at most.
  for (let from = 0; from < data.length; from += 900) {
    await cloudWatch.send(
      new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: data.slice(from, from + 900) }),
    );
  }
  if (unread) throw unread;
  return { targets };
}

async function checkTarget(
  context: CheckContext,
  { kind, target, maxAgeHours, drilled }: DeployedTarget,
): Promise<{ readonly found: TargetCheck; readonly measured: readonly MetricDatum[] }> {
  const { deployment, storage, log, now } = context;
  const { listed, good, unsound, unread } = await newestGood(storage, kind, target);
  for (const { backup, reason } of unsound) log.warn(`${backup.id} is damaged: ${reason}`);
  if (unread[0]) throw unread[0].error;
  const freshness = judgeFreshness(kind, target, good, maxAgeHours ?? Number.POSITIVE_INFINITY, now);
  const { newest, ageHours } = freshness;
  const proof = drilled ? await proofOf(context, listed) : undefined;
  const dimensions = targetDimensions(deployment.environment, { kind, target });
  return {
    found: {
      kind,
      target,
      newest: newest?.id,
      ageHours: ageHours === undefined ? undefined : Math.round(ageHours * 10) / 10,
      limitHours: maxAgeHours,
      stale: freshness.stale && maxAgeHours !== undefined,
      odd: await tellAnomalies(context, good),
      ...(proof ? { proven: proof.backup?.id, provenAgeHours: proof.ageHours, drillFailed: proof.failed } : {}),
      damaged: unsound.map(({ backup, reason }) => `${backup.id}: ${reason}`),
    },
    measured: [
      ...measurements(deployment.environment, freshness, good[1]?.bytes, now),
      ...(proof ? proofMeasurements(dimensions, proof, now) : []),
    ],
  };
}

/** The task that made the backup may not read the one before, so what is odd about it is found here, by the next check. */
async function tellAnomalies(
  { deployment, storage, announce, log, now }: CheckContext,
  [newest, before]: readonly Backup[],
): Promise<string[]> {
  if (!newest || !before) return [];
  const manifestOf = ({ manifestKey, id }: Backup) => readManifest(storage, manifestKey, id);
  const manifest = await manifestOf(newest);
  const anomalies = findAnomalies(await manifestOf(before), manifest, worthTelling);
  const texts = anomalies.map(({ text }) => text);
  // Each backup is new to one check, where those come at even times.
  // Not when its files were modified: of what was uploaded in parts, S3 says when that began, hours ago perhaps.
  const completed = new Date(manifest.finishedAt);
  if (anomalies.length > 0 && now.getTime() - completed.getTime() < (deployment.checkHours ?? 1) * 3_600_000) {
    const { id, kind, target } = newest;
    for (const text of texts) log.warn(`${id}: ${text}`);
    const { environment } = deployment;
    await announce({ name: 'Backup Anomaly', detail: { environment, kind, target, backup: id, anomalies } });
  }
  return texts;
}

/** Percent less than before, as the program's own default. */
const worthTelling = 50;

interface Proof {
  readonly backup: Backup | undefined;
  readonly ageHours: number | undefined;
  readonly failed: boolean;
  readonly restoreSeconds: number;
  readonly bytesPerSecond: number;
}

async function proofOf({ storage, log, now }: CheckContext, listed: readonly Backup[]): Promise<Proof> {
  const failed = newestDrilled(listed)?.drillFailed === true;
  const { proven, unreadable } = await newestProof(storage, listed);
  for (const { message } of unreadable) log.warn(`it proves nothing: ${message}`);
  if (!proven) return { backup: undefined, ageHours: undefined, failed, restoreSeconds: 0, bytesPerSecond: 0 };
  const { backup, verification } = proven;
  const { seconds, bytesPerSecond } = verification;
  const ageHours = Math.max(0, (now.getTime() - backup.time.getTime()) / 3_600_000);
  return { backup, ageHours: Math.round(ageHours * 10) / 10, failed, restoreSeconds: seconds.restore, bytesPerSecond };
}

function proofMeasurements(Dimensions: Dimension[], proof: Proof, now: Date): MetricDatum[] {
  const datum = (MetricName: string, Value: number, Unit: MetricDatum['Unit'] = 'None') => ({
    ...{ Dimensions, Timestamp: now, MetricName, Value, Unit },
  });
  return [
    datum(metricNames.provenAge, proof.ageHours ?? noBackupHours),
    datum(metricNames.drillFailed, proof.failed ? 1 : 0),
    ...(proof.backup
      ? [
          datum(metricNames.restoreSeconds, proof.restoreSeconds, 'Seconds'),
          datum(metricNames.restoreRate, proof.bytesPerSecond, 'Bytes/Second'),
        ]
      : []),
  ];
}

function measurements(
  environment: string,
  { kind, target, newest, ageHours }: Freshness,
  bytesBefore: number | undefined,
  now: Date,
): MetricDatum[] {
  const common = { Dimensions: targetDimensions(environment, { kind, target }), Timestamp: now };
  const age = { ...common, MetricName: metricNames.age, Value: ageHours ?? noBackupHours };
  if (!newest) return [age];
  const percent = bytesBefore ? (newest.bytes / bytesBefore) * 100 : 100;
  return [
    age,
    { ...common, MetricName: metricNames.bytes, Value: newest.bytes, Unit: 'Bytes' },
    { ...common, MetricName: metricNames.size, Value: percent, Unit: 'Percent' },
  ];
}
