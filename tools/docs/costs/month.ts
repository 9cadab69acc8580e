import { partBytesFor } from '../../../core/aws/upload.js';
import { parseKeep, retentionPolicy } from '../../../core/retention.js';
import { prices } from './prices.js';
import { storedArchives, type VaultRules } from './stored.js';

/** What the page takes for granted. Each is named there. */
export const assumed = {
  /** Of the database's size. */
  archive: 0.25,
  /** What one task of 1 vCPU and 2 GB dumps in a second. */
  megabytesPerSecond: 60,
  /** Longer than a dump of the same database. */
  drillFactor: 3,
  /** Of a snapshot's blocks, that change in a day. */
  changedDaily: 0.02,
  daysOfMonth: 30.4,
  /** Before the program runs in a task: the image is fetched. */
  startSeconds: 60,
} as const;

/** What one deployed database has; a test counts the alarms in the template. */
export const watched = { alarms: 12, metrics: 8 } as const;

/** GB of both images as ECR stores them, compressed: 138 MB with the clients, 223 MB with the servers of one major. */
export const imageGigabytes = 0.36;

const keep = (text: string) => {
  const parsed = parseKeep(text);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

const oldVersionsDays = 14;
const cheaper = [
  { to: 'infrequent', afterDays: 30 },
  { to: 'glacier', afterDays: 90 },
] as const;

/** The retentions that the page compares. */
export const vaults = {
  default: { policy: retentionPolicy(30, undefined), transitions: [], oldVersionsDays, every: 1 },
  shipped: {
    policy: retentionPolicy(30, keep('daily=30,weekly=8,monthly=12')),
    transitions: cheaper,
    oldVersionsDays,
    every: 1,
  },
  lean: {
    policy: retentionPolicy(undefined, keep('daily=7,weekly=4,monthly=12')),
    transitions: cheaper,
    oldVersionsDays,
    every: 1,
  },
  media: { policy: retentionPolicy(30, undefined), transitions: [], oldVersionsDays, every: 7 },
} as const satisfies Readonly<Record<string, VaultRules>>;

/** A month of archives of so many GB each. */
export function storageMonth(vault: VaultRules, archiveGigabytes: number): number {
  const { standard, infrequent, glacier } = storedArchives(vault);
  const { standard: a, infrequent: b, glacier: c } = prices;
  return archiveGigabytes * (standard * a.amount + infrequent * b.amount + glacier * c.amount);
}

/** A month of daily backups, and one drill, of a database of so many GB. */
export function databaseMonth(gigabytes: number) {
  const archive = gigabytes * assumed.archive;
  const seconds = assumed.startSeconds + (gigabytes * 1000) / assumed.megabytesPerSecond;
  const drillSeconds = assumed.startSeconds + ((gigabytes * 1000) / assumed.megabytesPerSecond) * assumed.drillFactor;
  // Of the restored database, and a third more; a task has 200 GiB at most.
  const drillDisk = Math.max(50, Math.ceil((gigabytes * 4) / 3));
  const drilled = drillDisk <= 200;
  const requests = Math.ceil((archive * 1e9) / partBytesFor(archive * 1e9)) + 5;
  return {
    seconds,
    drillSeconds: drilled ? drillSeconds : undefined,
    drillDisk,
    runs: assumed.daysOfMonth * taskRun(seconds, 20),
    drill: drilled ? taskRun(drillSeconds, drillDisk) : undefined,
    requests: (assumed.daysOfMonth * requests * prices.put.amount) / 1000,
  };
}

/** One run of a task of 1 vCPU and 2 GB with a public address. */
function taskRun(seconds: number, diskGigabytes: number): number {
  const { vcpu, memory, disk, address } = prices;
  const hourly = vcpu.amount + 2 * memory.amount + Math.max(0, diskGigabytes - 20) * disk.amount + address.amount;
  return (Math.max(60, seconds) / 3600) * hourly;
}

/** What does not grow with the database: without and within what is free in every account. */
export function fixedMonth() {
  const { alarm, metric, dashboard, image, lambda } = prices;
  const { alarms, metrics } = watched;
  const checks = 730 * 2 * lambda.amount; // hourly, two seconds, 1 GB
  const always = imageGigabytes * image.amount + checks;
  return {
    least: always + Math.max(0, alarms - 10) * alarm.amount,
    most: always + alarms * alarm.amount + metrics * metric.amount + dashboard.amount,
  };
}

/** A month of AWS Backup with 30 daily snapshots: one whole, the others what has changed. */
export function snapshotMonth(gigabytes: number): number {
  return gigabytes * (1 + 29 * assumed.changedDaily) * prices.snapshot.amount;
}

/** A month of a daily export, without the storage that its files take. */
export function exportMonth(gigabytes: number): number {
  return assumed.daysOfMonth * gigabytes * prices.snapshotExport.amount;
}

/** A month of media files on EFS of so many GB: weekly archives here, daily increments there. */
export function mediaMonth(gigabytes: number) {
  return { respaldo: storageMonth(vaults.media, gigabytes), aws: gigabytes * prices.efsBackup.amount };
}
