import type { Command } from 'commander';
import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { type Kind, kinds } from '../../core/archive-name.js';
import { megabytes } from '../../core/backup-table.js';
import { type Backup, newestDrilled } from '../../core/catalog.js';
import { newestProof } from '../../core/drill/verification.js';
import { type ErrorCode, errorCodes, exitCodes, isUnread, OperatorError } from '../../core/errors.js';
import { type Freshness, judgeFreshness } from '../../core/freshness.js';
import { newestGood, type Unread, type Unsound } from '../../core/soundness.js';
import type { Storage } from '../../core/storage.js';
import { namesDatabase } from '../postgres/connection.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';
import { hours } from './option-values.js';

interface CheckOptions {
  readonly maxAge?: number;
  readonly json?: true;
}

/** One thing that was looked at. */
interface Finding {
  readonly ok: boolean;
  readonly what: string;
  readonly text: string;
  /** Where it could not be looked at. */
  readonly code?: ErrorCode;
}

export function registerCheck(root: Command, invocation: Invocation): void {
  root
    .command('check')
    .description('See whether the newest good backups are fresh, and the storage has room. Ends in 8 where not.')
    .option('--max-age <hours>', 'how old the newest good backup may be (25 for databases, 192 for media)', hours)
    .option('--json', 'print the findings as JSON')
    .action(async ({ maxAge, json }: CheckOptions) => {
      const run = await invocation.start();
      const findings = await check(run, maxAge);
      invocation.print(json ? JSON.stringify(findings, null, 2) : findings.map(line).join('\n'));
      const bad = findings.filter(({ ok }) => !ok);
      const unseen = bad.find(({ code }) => code)?.code;
      if (bad.length > 0) invocation.exitWith(exitCodes[unseen ? errorCodes[unseen] : 'stale']);
    });
}

/** Looks at each storage that backups are written to, and at a bucket that only gets copies. */
async function check(run: Run, maxAgeHours?: number): Promise<Finding[]> {
  const { settings } = run;
  const findings: Finding[] = [];
  for (const storage of run.storages) {
    try {
      if (settings.BACKUP_STORAGE !== 'both' && settings.BACKUP_STORAGE !== storage.type) {
        findings.push(...(await checkCopies(run, storage)));
        continue;
      }
      for (const kind of kinds) {
        const limit =
          maxAgeHours ?? (kind === 'database' ? settings.BACKUP_MAX_AGE_HOURS : settings.BACKUP_MEDIA_MAX_AGE_HOURS);
        findings.push(...(await checkKind(run, storage, kind, limit)));
      }
      const free = await storage.freeBytes();
      if (free !== undefined) findings.push(space(storage, free, settings.BACKUP_MIN_FREE_MB));
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      findings.push({ ok: false, what: 'storage', text: `${error.message}. ${error.hint}`, code: error.code });
    }
  }
  return findings;
}

/**
 * A bucket that backups go to by `--upload-s3` alone. Nothing says when the next copy is due, so its age is told and not
 * judged; a bucket that does not answer and a damaged copy are as bad as anywhere.
 */
async function checkCopies(run: Run, storage: Storage): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const kind of kinds) {
    const { good, unsound, unread } = await newestGood(storage, kind, run.settings.BACKUP_TARGET ?? '');
    findings.push(...unsound.map((each) => damaged(storage, each)), ...unread.map((each) => unknown(storage, each)));
    const [newest] = good;
    if (!newest) continue;
    const hoursOld = Math.max(0, (run.now().getTime() - newest.time.getTime()) / 3_600_000);
    const text = `newest good copy ${newest.id} is ${hoursOld.toFixed(1)} h old, in ${storage.name}; not judged: ${unjudged}`;
    findings.push({ ok: true, what: `${kind} copy`, text });
  }
  if (findings.length > 0) return findings;
  return [{ ok: true, what: 'copies', text: `none in ${storage.name}; not judged: ${unjudged}` }];
}

const unjudged = 'it is written by --upload-s3 alone (BACKUP_STORAGE=both would judge it)';

async function checkKind(run: Run, storage: Storage, kind: Kind, limit: number): Promise<Finding[]> {
  const target = run.settings.BACKUP_TARGET ?? '';
  const { listed, good, unsound, unread } = await newestGood(storage, kind, target);
  if (listed.length === 0 && !isBackedUp(run, kind)) return [];
  const freshness = judgeFreshness(kind, target, good, limit, run.now());
  return [
    age(storage, freshness, unread),
    ...halved(freshness),
    ...unsound.map((each) => damaged(storage, each)),
    ...unread.map((each) => unknown(storage, each)),
    ...(await provenOrUnread(run, storage, kind, listed)),
  ];
}

/** A record that the storage does not give hides nothing else. */
async function provenOrUnread(
  run: Run,
  storage: Storage,
  kind: Kind,
  listed: readonly Backup[],
): Promise<readonly Finding[]> {
  try {
    return await proof(run, storage, kind, listed);
  } catch (error) {
    if (!isUnread(error)) throw error;
    const text = `cannot be told now: ${error.message}. ${error.hint}`;
    return [{ ok: false, what: `${kind} proof`, text, code: error.code }];
  }
}

/** What drills have found, where any have been run or are asked for; of media files they are not asked for before the first. */
async function proof(run: Run, storage: Storage, kind: Kind, listed: readonly Backup[]): Promise<Finding[]> {
  const limit = run.settings.BACKUP_VERIFIED_MAX_AGE_HOURS;
  if ((limit === undefined || kind === 'media') && listed.every(({ records }) => records.length === 0)) return [];
  const what = `${kind} proof`;
  const drilled = newestDrilled(listed);
  const { proven, unreadable } = await newestProof(storage, listed);
  const failed = [
    ...(drilled?.drillFailed ? [{ ok: false, what, text: `the last drill failed, of ${drilled.id}` }] : []),
    ...unreadable.map(({ message, hint }) => ({ ok: false, what, text: `${message}. ${hint}` })),
  ];
  if (!proven) {
    const text = `no backup in ${storage.name} is proven by a drill: respaldo drill${kind === 'media' ? ' --media' : ''}`;
    return [...failed, { ok: limit === undefined, what, text }];
  }
  const { backup, verification } = proven;
  const hoursOld = Math.max(0, (run.now().getTime() - backup.time.getTime()) / 3_600_000);
  const allowed = limit === undefined ? '' : ` (limit ${limit} h)`;
  const takes = prettyMilliseconds(verification.seconds.restore * 1000, { compact: true });
  const text = `newest proven backup ${backup.id} is ${hoursOld.toFixed(1)} h old${allowed}; ${kind === 'media' ? 'read' : 'it restores'} in about ${takes}`;
  return [...failed, { ok: limit === undefined || hoursOld <= limit, what, text }];
}

/** A kind that is not configured and has no backup is nobody's concern. */
function isBackedUp({ settings, environment }: Run, kind: Kind): boolean {
  if (kind === 'media') return settings.MEDIA_ROOT !== undefined;
  return namesDatabase(settings, environment) || settings.MEDIA_ROOT === undefined;
}

/** @param unread newer ones: the newest good one may be among them */
function age(
  storage: Storage,
  { kind, newest, ageHours, maxAgeHours, stale }: Freshness,
  unread: readonly Unread[],
): Finding {
  const what = `${kind} age`;
  const [first] = unread;
  if (newest && ageHours !== undefined) {
    const newer = first ? '; there are newer ones that cannot be read now' : '';
    const text = `newest good backup ${newest.id} is ${ageHours.toFixed(1)} h old (limit ${maxAgeHours} h), ${megabytes(newest.bytes)} MB, in ${storage.name}${newer}`;
    return { ok: !stale, what, text };
  }
  if (first) {
    const text = `cannot be told: no manifest of the newest backups in ${storage.name} can be read now`;
    return { ok: false, what, text, code: first.error.code };
  }
  return { ok: !stale, what, text: `no good backup in ${storage.name}` };
}

function halved({ kind, newest, halvedFrom }: Freshness): Finding[] {
  if (halvedFrom === undefined || !newest) return [];
  const text = `${newest.id} has ${megabytes(newest.bytes)} MB, the one before had ${megabytes(halvedFrom)} MB: less than half`;
  return [{ ok: false, what: `${kind} size`, text }];
}

function damaged(storage: Storage, { backup, reason }: Unsound): Finding {
  return { ok: false, what: `${backup.kind} damaged`, text: `${backup.id} in ${storage.name}: ${reason}` };
}

/** Not said to be damaged: it may be well. */
function unknown(storage: Storage, { backup, error }: Unread): Finding {
  const text = `${backup.id} in ${storage.name} cannot be read now: ${error.message}. ${error.hint}`;
  return { ok: false, what: `${backup.kind} unread`, text, code: error.code };
}

function space(storage: Storage, free: number, minimumMegabytes: number): Finding {
  return {
    ok: free >= minimumMegabytes * 1024 * 1024,
    what: 'disk space',
    text: `${prettyBytes(free)} free in ${storage.name} (limit ${prettyBytes(minimumMegabytes * 1024 * 1024)})`,
  };
}

function line({ ok, what, text }: Finding): string {
  return `${ok ? 'OK  ' : 'FAIL'} | ${what.padEnd(16)} | ${text}`;
}
