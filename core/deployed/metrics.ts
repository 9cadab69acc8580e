import type { Kind } from '../archive-name.js';

/** CloudWatch's namespace for what respaldo measures. */
export const metricNamespace = 'Respaldo';

export const metricNames = {
  /** Of one target; what has no backup at all is {@link noBackupHours} old. */
  age: 'HoursSinceLastGoodBackup',
  /** Of the newest good backup. */
  bytes: 'BackupBytes',
  /** The newest good backup's bytes, in percent of the one before. */
  size: 'BackupSizePercent',
  /** Of the newest backup that a drill has proven; {@link noBackupHours} where there is none. */
  provenAge: 'HoursSinceNewestProvenBackup',
  /** 1 where the last drill failed, until a newer backup is drilled. */
  drillFailed: 'NewestDrillFailed',
  /** What the restore of the newest proven backup took in its drill. */
  restoreSeconds: 'RestoreSeconds',
  restoreRate: 'RestoreBytesPerSecond',
  /** Of the environment: tasks that ended without what they were to do. */
  failed: 'TasksFailed',
} as const;

/** Published where there is no backup: older than any limit. */
export const noBackupHours = 100_000;

export interface Dimension {
  readonly Name: string;
  readonly Value: string;
}

/** Of metrics that are about all targets of an environment. */
export function environmentDimensions(environment: string): Dimension[] {
  return [{ Name: 'Environment', Value: environment }];
}

/** CloudWatch takes no empty values: the default target goes by `default`. */
export function targetDimensions(environment: string, { kind, target }: { kind: Kind; target: string }): Dimension[] {
  return [
    ...environmentDimensions(environment),
    { Name: 'Kind', Value: kind },
    { Name: 'Target', Value: target || 'default' },
  ];
}
