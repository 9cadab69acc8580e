import { type CloudWatchClient, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { type Freshness, judgeFreshness } from '../core/freshness.js';
import { metricNames, metricNamespace, noBackupHours, targetDimensions } from '../core/metrics.js';
import { newestGood } from '../core/soundness.js';
import type { Wiring } from './wiring.js';

export interface CheckContext extends Wiring {
  readonly cloudWatch: CloudWatchClient;
  readonly now: Date;
}

export interface CheckReport {
  readonly targets: readonly {
    readonly kind: string;
    readonly target: string;
    readonly newest: string | undefined;
    readonly ageHours: number | undefined;
    readonly limitHours: number | undefined;
    readonly stale: boolean;
    readonly damaged: readonly string[];
  }[];
}

/** Publishes, for each target, how old and how large its newest good backup is. */
export async function check({ deployment, storage, cloudWatch, log, now }: CheckContext): Promise<CheckReport> {
  const targets: CheckReport['targets'][number][] = [];
  const data: MetricDatum[] = [];
  for (const { kind, target, maxAgeHours } of deployment.targets) {
    const { good, unsound } = await newestGood(storage, kind, target);
    for (const { backup, reason } of unsound) log.warn(`${backup.id} is damaged: ${reason}`);
    const freshness = judgeFreshness(kind, target, good, maxAgeHours ?? Number.POSITIVE_INFINITY, now);
    const { newest, ageHours } = freshness;
    data.push(...measurements(deployment.environment, freshness, good[1]?.bytes, now));
    targets.push({
      kind,
      target,
      newest: newest?.id,
      ageHours: ageHours === undefined ? undefined : Math.round(ageHours * 10) / 10,
      limitHours: maxAgeHours,
      stale: freshness.stale && maxAgeHours !== undefined,
      damaged: unsound.map(({ backup, reason }) => `${backup.id}: ${reason}`),
    });
  }
  // PutMetricData takes a thousand at most.
  for (let from = 0; from < data.length; from += 900) {
    await cloudWatch.send(
      new PutMetricDataCommand({ Namespace: metricNamespace, MetricData: data.slice(from, from + 900) }),
    );
  }
  return { targets };
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
