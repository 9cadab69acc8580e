/** What can be backed up. */
export const kinds = ['database', 'media'] as const;
export type Kind = (typeof kinds)[number];

const prefixes: Record<Kind, string> = { database: 'db_backup', media: 'media_backup' };

/** `.sql` and `.dump` come from pg_dump (plain and custom format), `.binary` and `.text` are COPY's, `.tar` holds media files. */
export const contents = ['sql', 'dump', 'binary', 'text', 'tar'] as const;
type Content = (typeof contents)[number];

/** What a stored file may hold: beside archives, the listing of one (`.jsonl`), which no name is taken for an archive by. */
export type StoredContent = Content | 'jsonl';

export const compressions = ['gzip', 'zstd', 'none'] as const;
export type Compression = (typeof compressions)[number];
const compressionSuffix: Record<Compression, string> = { gzip: '.gz', zstd: '.zst', none: '' };

export const encryptions = ['age', 'gpg', 'none'] as const;
export type Encryption = (typeof encryptions)[number];
const encryptionSuffix: Record<Encryption, string> = { age: '.age', gpg: '.gpg', none: '' };

/** How the bytes of an archive are wrapped, innermost first: content, compression, encryption. */
export interface Wrapping {
  readonly content: Content;
  readonly compression: Compression;
  readonly encryption: Encryption;
}

/** `.sql.gz.age` and the like; outermost last. */
export function suffixOf(wrapping: Omit<Wrapping, 'content'> & { readonly content: StoredContent }): string {
  return `.${wrapping.content}${compressionSuffix[wrapping.compression]}${encryptionSuffix[wrapping.encryption]}`;
}

/** Reads the wrapping off a file name, or answers undefined where the name is not of an archive. */
export function wrappingOf(fileName: string): Wrapping | undefined {
  const match = /\.(sql|dump|binary|text|tar)(?:\.(gz|zst))?(?:\.(age|gpg))?$|\.(tgz)$/.exec(fileName);
  if (!match) return undefined;
  if (match[4]) return { content: 'tar', compression: 'gzip', encryption: 'none' };
  return {
    content: match[1] as Content,
    compression: match[2] === 'gz' ? 'gzip' : match[2] === 'zst' ? 'zstd' : 'none',
    encryption: (match[3] as Encryption | undefined) ?? 'none',
  };
}

/** Whether a file only goes with an archive: the roles of a dump, the listing of media files. */
export function isBesideArchive(key: string): boolean {
  return /\.(?:globals|files)\.[a-z.]+$/.test(key);
}

/** `20240115_120000`, in UTC. */
export function stampOf(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '').replace('T', '_');
}

/** The time of a stamp, or undefined where it is no real date (`20240230_000000`). */
export function timeOfStamp(stamp: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(stamp);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  time.setUTCHours(hour, minute, second);
  // What is out of its range, like February 30th, has moved on to another day; listings call this for every object.
  const isReal =
    time.getUTCFullYear() === year &&
    time.getUTCMonth() === month - 1 &&
    time.getUTCDate() === day &&
    time.getUTCHours() === hour &&
    time.getUTCMinutes() === minute &&
    time.getUTCSeconds() === second;
  return isReal ? time : undefined;
}

/** A target's name: what may stand as a folder in every storage. The default target's name is empty. */
export const targetPattern = /^(?!(?:database|media)$)[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;

/** The folder of a target's backups of one kind: `database/`, or `crm/database/` for a target of that name. */
export function folderOf(kind: Kind, target: string): string {
  return target === '' ? `${kind}/` : `${target}/${kind}/`;
}

/** What names a backup: unique within its target. */
export function backupName(kind: Kind, time: Date): string {
  return `${prefixes[kind]}_${stampOf(time)}`;
}

/** The id that people type and messages show: the name, behind the target's name where it has one. */
export function backupId(kind: Kind, target: string, time: Date): string {
  return target === '' ? backupName(kind, time) : `${target}/${backupName(kind, time)}`;
}

export interface ObjectName {
  readonly kind: Kind;
  readonly time: Date;
  /** The backup's name: `db_backup_20240115_120000`. */
  readonly name: string;
  /** What follows the name: `.sql.gz`, `.manifest.json`, `/part-1.zst`. */
  readonly rest: string;
}

/** Takes the name of an object below a target's folder apart; undefined where it is not one that a backup would have. */
export function parseObjectName(name: string): ObjectName | undefined {
  const match = /^(db|media)_backup_(\d{8}_\d{6})([./].+)?$/s.exec(name);
  const time = match?.[2] ? timeOfStamp(match[2]) : undefined;
  if (!match || !time) return undefined;
  const kind: Kind = match[1] === 'db' ? 'database' : 'media';
  return { kind, time, name: `${prefixes[kind]}_${match[2]}`, rest: match[3] ?? '' };
}

/** Takes an id apart that a person typed; undefined where it is none. A target before the name wins over the one given. */
export function parseBackupId(id: string, target: string): (ObjectName & { readonly target: string }) | undefined {
  const slash = id.lastIndexOf('/');
  const parsed = parseObjectName(id.slice(slash + 1));
  if (!parsed) return undefined;
  const path = slash < 0 ? [] : id.slice(0, slash).split('/');
  if (path.at(-1) === parsed.kind) path.pop();
  if (path.length > 1 || (path[0] !== undefined && !targetPattern.test(path[0]))) return undefined;
  return { ...parsed, target: path[0] ?? (slash < 0 ? target : '') };
}

export const manifestSuffix = '.manifest.json';
export const verificationSuffix = '.verified.json';

/** What every record of a drill is named like, with `*` for its time. */
export const recordPatterns = [verificationSuffix, '.verified_*.json', '.drill_failed_*.json'] as const;

/**
 * What a drill leaves that was not the first, or that failed: `.verified_20240116_060000.json`,
 * `.drill_failed_20240116_060000.json`. A backup may have several of each.
 */
export function recordSuffix(passed: boolean, time: Date): string {
  return `.${passed ? 'verified' : 'drill_failed'}_${stampOf(time)}.json`;
}

export interface DrillRecord {
  readonly outcome: 'passed' | 'failed';
  /** When the drill began; undefined in the name of a first one that passed. */
  readonly time: Date | undefined;
}

/** Whether what follows a backup's name is a drill's record of it, and how that drill ended. */
export function drillRecordOf(rest: string): DrillRecord | undefined {
  if (rest === verificationSuffix) return { outcome: 'passed', time: undefined };
  const [, word, stamp = ''] = /^\.(verified|drill_failed)_(\d{8}_\d{6})\.json$/.exec(rest) ?? [];
  const time = timeOfStamp(stamp);
  return time && { outcome: word === 'verified' ? 'passed' : 'failed', time };
}

/**
 * Whether a backup fails with this file of its own. A part of a parallel dump is tried again under another name, and
 * what a drill notes is no part of the backup.
 */
export function isTriedOnce(key: string): boolean {
  const rest = /(?:^|\/)(?:db|media)_backup_\d{8}_\d{6}([./].+)$/s.exec(key)?.[1];
  return rest !== undefined && !rest.startsWith('/data/') && drillRecordOf(rest) === undefined;
}
