import type { Verification } from '../../core/drill/verification.js';
import { type ErrorCode, OperatorError } from '../../core/errors.js';
import type { Manifest } from '../../core/manifest.js';
import type { Comparison } from '../../core/postgres/fingerprint.js';
import type { Said } from '../../core/postgres/server-message.js';
import { announcingDrill } from '../announce.js';
import type { FoundArchive } from '../find-archive.js';
import type { Run } from '../run.js';
import { type DrillOptions, drillDatabase } from './drill-database.js';
import { drillMedia } from './drill-media.js';
import { storeRecord } from './store-record.js';

export type { DrillOptions };

/** What a drill found out, of whichever kind of backup. */
interface Findings {
  readonly serverVersion?: string | undefined;
  readonly restoreSeconds: number;
  readonly compared: Partial<Omit<Comparison, 'differences'>> & {
    readonly files?: number;
    readonly assertions?: number;
  };
  /** Of the comparison and of the users' assertions. */
  readonly differences: readonly Said[];
  /** Whatever the assertions say. */
  readonly isAsBackedUp: boolean;
  readonly notes: readonly string[];
}

/** Failures that tell of the backup; any other tells of the place where the drill was tried. */
const ofTheBackup: readonly ErrorCode[] = [
  'MANIFEST_INVALID',
  'DIGEST_DIFFERS',
  'ARCHIVE_CORRUPT',
  'ARCHIVE_UNSAFE',
  'COMPARISON_DIFFERS',
  'RESTORE_FAILED',
];

/**
 * Proves one backup: restores a database into a throw-away server, reads media files through and through, compares
 * either with what was backed up, and stores the result beside the backup.
 *
 * @throws OperatorError COMPARISON_DIFFERS naming the first ten differences; or whatever kept the backup from restoring
 */
export function drill(run: Run, found: FoundArchive, options: DrillOptions): Promise<Verification> {
  return announcingDrill(
    run,
    found.kind,
    found.id,
    () => carryOut(run, found, options),
    ({ seconds }) => seconds.total,
  );
}

async function carryOut(run: Run, found: FoundArchive, options: DrillOptions): Promise<Verification> {
  const { manifest } = found;
  if (!manifest) {
    throw new OperatorError(
      'USAGE',
      `${found.id} cannot be drilled: it has no manifest to compare with`,
      'Name a backup that respaldo has taken (respaldo list).',
    );
  }
  const startedAt = run.now();
  const started = performance.now();
  const record = (findings: Findings | undefined, differences: readonly string[]) =>
    verificationOf(run, { ...found, manifest }, startedAt, (performance.now() - started) / 1000, findings, differences);
  let findings: Findings;
  try {
    findings = await lookInto(run, { ...found, manifest }, options);
  } catch (error) {
    if (error instanceof OperatorError && ofTheBackup.includes(error.code))
      await storeRecord(run, found, manifest, record(undefined, [error.message]));
    throw error;
  }
  const { differences } = findings;
  const verification = record(
    findings,
    differences.map(({ told }) => told),
  );
  await storeRecord(run, found, manifest, verification);
  if (differences.length === 0) return verification;
  const more = differences.length > 10 ? `\n  and ${differences.length - 10} more` : '';
  const list = (of: keyof Said) => differences.slice(0, 10).map((each) => each[of]);
  const [what, hint] = findings.isAsBackedUp
    ? [
        'restores to what was backed up, but an assertion of yours does not hold',
        'If the assertion is right, the data were wrong when they were backed up: look for an older backup (respaldo list) and at the live database.',
      ]
    : [
        'restores to something else than was backed up',
        'Do not rely on this backup. Take a new one, drill that, and look for the cause: a failing disk, memory or a bug.',
      ];
  throw OperatorError.passingOn(
    'COMPARISON_DIFFERS',
    { told: list('told').join('\n  '), inFull: list('inFull').join('\n  ') },
    (first) => `${found.id} ${what}:\n  ${first}${more}`,
    hint,
  );
}

async function lookInto(
  run: Run,
  found: FoundArchive & { readonly manifest: Manifest },
  options: DrillOptions,
): Promise<Findings> {
  const { database, media } = found.manifest;
  if (!database) {
    if (!media) throw new Error(`${found.id} is of no kind`);
    const { files, hashed, differences, ...findings } = await drillMedia(run, found, media);
    return {
      ...findings,
      compared: { files, hashed },
      differences: differences.map(whole),
      isAsBackedUp: differences.length === 0,
    };
  }
  const { comparison, assertions, ...findings } = await drillDatabase(run, found, database, options);
  return {
    ...findings,
    compared: { ...comparison, assertions: assertions.assertions },
    differences: [...comparison.differences.map(whole), ...assertions.failures],
    isAsBackedUp: comparison.differences.length === 0,
  };
}

function whole(text: string): Said {
  return { told: text, inFull: text };
}

function verificationOf(
  run: Run,
  { id, archive }: FoundArchive & { readonly manifest: Manifest },
  startedAt: Date,
  total: number,
  findings: Findings | undefined,
  differences: readonly string[],
): Verification {
  const restore = findings?.restoreSeconds ?? 0;
  const { tables = 0, rows = 0, hashed = 0, sequences = 0, largeObjects = 0, objects = 0 } = findings?.compared ?? {};
  const { files = 0, assertions = 0 } = findings?.compared ?? {};
  return {
    schemaVersion: 1,
    backup: id,
    passed: differences.length === 0,
    program: { name: 'respaldo', version: run.version },
    ...(findings?.serverVersion ? { serverVersion: findings.serverVersion } : {}),
    startedAt: startedAt.toISOString(),
    finishedAt: run.now().toISOString(),
    seconds: { restore: rounded(restore), total: rounded(total) },
    bytes: archive.bytes,
    bytesPerSecond: restore > 0 ? Math.round(archive.bytes / restore) : 0,
    compared: {
      tables,
      rows,
      hashed,
      sequences,
      largeObjects,
      objects,
      files,
      assertions,
    },
    differences: differences.slice(0, 100),
    notes: [...(findings?.notes ?? [])],
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
