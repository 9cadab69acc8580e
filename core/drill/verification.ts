import * as z from 'zod';
import type { Backup } from '../catalog.js';
import { OperatorError } from '../errors.js';
import { readJson } from '../read-json.js';
import type { Storage, StoredObject } from '../storage.js';
import { newestRecord } from './drill-records.js';

const text = z.string();
const count = z.number().int().nonnegative();
const seconds = z.number().nonnegative();

const verificationSchema = z.looseObject({
  schemaVersion: z.literal(1),
  /** The backup's id. */
  backup: text,
  passed: z.boolean(),
  program: z.looseObject({ name: text, version: text }),
  /** PostgreSQL's, of the server that the backup was restored into; absent for media. */
  serverVersion: text.optional(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** Wall time of the restore alone, and of all: server, restore, assertions, comparison. */
  seconds: z.looseObject({ restore: seconds, total: seconds }),
  /** Stored bytes of the backup, and what a second of the restore read of them. */
  bytes: count,
  bytesPerSecond: seconds,
  /** What was compared with the manifest: `hashed` tables row for row, files byte for byte; the others by their number. */
  compared: z.looseObject({
    tables: count,
    rows: count,
    hashed: count,
    sequences: count,
    largeObjects: count,
    objects: count,
    files: count,
    assertions: count,
  }),
  /** What was found to differ, or what went wrong. */
  differences: z.array(text),
  /** What a reader should know of how it was done. */
  notes: z.array(text),
});

/** The record of one drill, stored beside the backup. */
export type Verification = z.infer<typeof verificationSchema>;

/** As it is stored, in UTF-8. */
export function serializeVerification(verification: Verification): Buffer {
  return Buffer.from(`${JSON.stringify(verification, null, 1)}\n`);
}

/**
 * The record of the drill that counts.
 *
 * @returns undefined where there was none
 * @throws OperatorError MANIFEST_INVALID, or the storage's error
 */
export async function readNewestDrill(
  storage: Storage,
  { records }: { readonly records: readonly StoredObject[] },
): Promise<Verification | undefined> {
  const newest = newestRecord(records);
  return newest && readVerification(storage, newest.key);
}

export interface Proof {
  /** The newest backup that is proven by a record that can be read, and what that says. */
  readonly proven: { readonly backup: Backup; readonly verification: Verification } | undefined;
  /** Records of newer ones that cannot be read: they prove nothing. */
  readonly unreadable: readonly OperatorError[];
}

/**
 * Reads what proves the newest proven backup.
 *
 * @param backups newest first
 * @throws the storage's error
 */
export async function newestProof(storage: Storage, backups: readonly Backup[]): Promise<Proof> {
  const unreadable: OperatorError[] = [];
  for (const backup of backups.filter(({ verified }) => verified)) {
    try {
      const verification = await readNewestDrill(storage, backup);
      if (verification) return { proven: { backup, verification }, unreadable };
    } catch (error) {
      if (!(error instanceof OperatorError && error.code === 'MANIFEST_INVALID')) throw error;
      unreadable.push(error);
    }
  }
  return { proven: undefined, unreadable };
}

/** @throws OperatorError MANIFEST_INVALID, or the storage's error */
async function readVerification(storage: Storage, key: string): Promise<Verification> {
  const parsed = verificationSchema.safeParse(await readJson(storage, key));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new OperatorError(
    'MANIFEST_INVALID',
    `the drill’s record ${key} is not valid: ${issue?.path.join('.') || 'document'}: ${issue?.message}`,
    'Run the drill again: respaldo drill.',
    { cause: parsed.error },
  );
}
