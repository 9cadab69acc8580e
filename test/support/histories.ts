import { Readable } from 'node:stream';
import {
  backupId,
  backupName,
  folderOf,
  type Kind,
  manifestSuffix,
  stampOf,
  verificationSuffix,
} from '../../core/archive-name.js';
import { catalogOf } from '../../core/catalog.js';
import { serializeVerification } from '../../core/drill/verification.js';
import { OperatorError } from '../../core/errors.js';
import { type Manifest, serializeManifest } from '../../core/manifest.js';
import { planRetention } from '../../core/retention.js';
import type { Storage, StoredObject } from '../../core/storage.js';

/** The moment at which all made histories end. */
export const now = new Date('2026-03-15T10:20:00Z');
const day = 86_400_000;

/** One run, as it shows in a storage. */
export interface MadeRun {
  readonly time: Date;
  readonly kind?: Kind;
  readonly target?: string;
  readonly bytes?: number;
  readonly seconds?: number;
  readonly storageClass?: string;
  /** It was interrupted: no manifest. */
  readonly interrupted?: true;
  /** The stored archive is shorter than its manifest says. */
  readonly cut?: true;
  /** When a drill looked at it, how long its restore took, and what differed. */
  readonly drill?: { readonly time: Date; readonly seconds: number; readonly difference?: string };
  /** A database's name, to see that it stays text. */
  readonly databaseName?: string;
}

/** A storage that is only looked at: sizes are claimed, and only records have bytes. */
export class MadeStorage implements Storage {
  readonly type = 's3';
  reads = 0;
  private readonly objects = new Map<string, StoredObject & { readonly content?: () => Buffer }>();

  constructor(
    runs: readonly MadeRun[],
    readonly name = 's3://vault/backups/',
  ) {
    for (const run of runs) for (const object of objectsOf(run)) this.objects.set(object.key, object);
  }

  async *list(prefix: string): AsyncIterable<StoredObject> {
    for (const { content: _, ...object } of this.objects.values()) if (object.key.startsWith(prefix)) yield object;
  }

  async read(key: string): Promise<Readable> {
    this.reads += 1;
    const content = this.objects.get(key)?.content;
    if (!content) throw new OperatorError('NO_SUCH_BACKUP', `${key} is not there`, 'List what there is.');
    return Readable.from([content()]);
  }

  write = refuse;
  remove = refuse;
  erase = refuse;
  bringBack = refuse;
  clearRemoved = refuse;
  listRemoved = refuseToList;
  clearAbandoned = refuse;
  freeBytes = async () => undefined;
}

// biome-ignore lint/correctness/useYield: it refuses
async function* refuseToList(): AsyncGenerator<never> {
  await refuse();
}

async function refuse(): Promise<never> {
  throw new Error('a report changes nothing');
}

function objectsOf(run: MadeRun): (StoredObject & { content?: () => Buffer })[] {
  const { time, kind = 'database', target = '', bytes = 1000, interrupted, cut, drill, storageClass } = run;
  const base = `${folderOf(kind, target)}${backupName(kind, time)}`;
  const key = `${base}${kind === 'database' ? '.dump.zst' : '.tar.zst'}`;
  const inClass = storageClass === undefined ? {} : { storageClass };
  const archive = { key, bytes: cut ? Math.floor(bytes / 3) : bytes, modified: time, ...inClass };
  if (interrupted) return [archive];
  const content = () => serializeManifest(manifestOf(run, key));
  const manifest = { key: `${base}${manifestSuffix}`, bytes: 1536, modified: time, content };
  return [archive, manifest, ...(drill ? [drillOf(run, drill, base)] : [])];
}

function drillOf(run: MadeRun, { time, seconds, difference }: NonNullable<MadeRun['drill']>, base: string) {
  const { kind = 'database', target = '', bytes = 1000 } = run;
  const suffix = difference === undefined ? verificationSuffix : `.drill_failed_${stampOf(time)}.json`;
  const content = () =>
    serializeVerification({
      schemaVersion: 1,
      backup: backupId(kind, target, run.time),
      passed: difference === undefined,
      program: { name: 'respaldo', version: '0.0.0' },
      startedAt: new Date(time.getTime() - seconds * 1000).toISOString(),
      finishedAt: time.toISOString(),
      seconds: { restore: seconds, total: seconds + 5 },
      bytes,
      bytesPerSecond: bytes / seconds,
      compared: { tables: 1, rows: 1, hashed: 1, sequences: 0, largeObjects: 0, objects: 0, files: 0, assertions: 0 },
      differences: difference === undefined ? [] : [difference],
      notes: [],
    });
  return { key: `${base}${suffix}`, bytes: 700, modified: time, content };
}

function manifestOf(run: MadeRun, key: string): Manifest {
  const { time, kind = 'database', target = '', bytes = 1000, seconds = 60, databaseName = 'crm' } = run;
  const about = { extensions: [], roles: [], owners: [], tables: [] };
  const locale = { encoding: 'UTF8', collation: 'C', ctype: 'C' };
  return {
    schemaVersion: 1,
    id: backupId(kind, target, time),
    kind,
    target,
    program: { name: 'respaldo', version: '0.0.0' },
    startedAt: time.toISOString(),
    finishedAt: new Date(time.getTime() + seconds * 1000).toISOString(),
    format: kind === 'database' ? 'custom' : 'tar',
    compression: { method: 'zstd' },
    encryption: { method: 'age' },
    files: [{ key, role: 'archive', bytes, sha256: '0'.repeat(64) }],
    uncompressedBytes: bytes * 4,
    ...(kind === 'database'
      ? {
          database: {
            ...{ name: databaseName, bytes: bytes * 5, serverVersion: databaseName === 'crm' ? '16.4' : databaseName },
            ...{ clientVersion: '16.4', owner: 'crm', ...locale, ...about },
          },
        }
      : { media: { source: '/srv/media', files: 20_431, bytes: Math.round(bytes * 1.2) } }),
    warnings: [],
  };
}

/** A small generator of seeded numbers in [0, 1), so that a history is the same in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

const daysBefore = (days: number, clock = '03:00:00') =>
  new Date(`${new Date(now.getTime() - days * day).toISOString().slice(0, 10)}T${clock}Z`);

/** The policy by which the year below was thinned out. */
export const yearPolicy = { days: 30, keep: { daily: 30, weekly: 12, monthly: 12, yearly: 2 } };

/** A year of three targets as a healthy system leaves it: drilled on Sundays, cleaned up a few days ago. */
export function healthyYear(): MadeRun[] {
  const random = seeded(7);
  const runs: MadeRun[] = [];
  for (let days = 365; days >= 0; days -= 1) {
    const time = daysBefore(days);
    const isSunday = time.getUTCDay() === 0;
    const bytes = Math.round((1_900 - days * 2.2 + random() * 40) * 1024 ** 2);
    const seconds = Math.round(bytes / 1024 ** 2 / 9 + random() * 20);
    const storageClass = days > 30 ? 'STANDARD_IA' : 'STANDARD';
    const drilled = (factor: number) =>
      isSunday ? { drill: { time: daysBefore(days, '06:20:00'), seconds: Math.round(seconds * factor) } } : {};
    runs.push({ time, bytes, seconds, storageClass, ...drilled(3 + random()) });
    runs.push({
      ...{ time: daysBefore(days, '03:30:00'), target: 'shop', bytes: Math.round(bytes / 7) },
      ...{ seconds: Math.round(seconds / 5), storageClass, ...drilled(0.5) },
    });
    if (isSunday) {
      const photos = { kind: 'media' as const, bytes: bytes * 11, seconds: seconds * 4, storageClass };
      runs.push({ ...photos, time: daysBefore(days, '04:00:00'), ...drilled(5) });
    }
  }
  return thinned(runs, new Date(now.getTime() - 4 * day));
}

/** What a cleanup leaves. */
function thinned(runs: readonly MadeRun[], at: Date): MadeRun[] {
  const groups = new Map<string, MadeRun[]>();
  for (const run of runs) {
    const folder = folderOf(run.kind ?? 'database', run.target ?? '');
    groups.set(folder, [...(groups.get(folder) ?? []), run]);
  }
  return [...groups.values()].flatMap((own) => {
    const { kind = 'database', target = '' } = own[0] ?? {};
    const objects = own.flatMap(objectsOf).map(({ content: _, ...object }) => object);
    const decisions = planRetention(catalogOf(objects, kind, target).backups, yearPolicy, at);
    const kept = new Set(decisions.flatMap(({ backup, reasons }) => (reasons.length > 0 ? backup.time.getTime() : [])));
    return own.filter(({ time }) => kept.has(time.getTime()));
  });
}

/** Two months in which much went wrong. */
export function troubledMonths(): MadeRun[] {
  const random = seeded(11);
  const runs: MadeRun[] = [];
  for (let days = 75; days >= 2; days -= 1) {
    if ([9, 10, 11, 23].includes(days)) continue; // nobody ran
    const time = daysBefore(days);
    const bytes = Math.round((300 + random() * 12) * 1024 ** 2);
    runs.push({
      ...{ time, bytes, seconds: 45 },
      ...([5, 17, 18].includes(days) ? { interrupted: true as const } : {}),
      ...(days === 6 ? { cut: true as const } : {}),
      ...(days === 40 ? { drill: { time: daysBefore(39, '06:00:00'), seconds: 130 } } : {}),
      ...(days === 14
        ? {
            drill: {
              time: daysBefore(13, '06:00:00'),
              seconds: 128,
              difference: 'table orders: 1,204 rows, 1,204,118 in the manifest',
            },
          }
        : {}),
    });
  }
  runs.push({ time: daysBefore(0), interrupted: true, bytes: 4_000_000 });
  runs.push({ time: new Date('2027-01-01T00:00:00Z'), bytes: 1024 ** 2 * 300 });
  return runs;
}

/** So many backups, one every few minutes up to now. */
export function manyRuns(number: number): MadeRun[] {
  return Array.from({ length: number }, (_, index) => ({
    time: new Date(now.getTime() - (number - index) * 300_000 - 1000),
    bytes: 5_000_000 + (index % 1000) * 1000,
    seconds: 20,
    ...(index === number - 3 ? { drill: { time: new Date(now.getTime() - 60_000), seconds: 40 } } : {}),
  }));
}
