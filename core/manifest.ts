import * as z from 'zod';
import { compressions, encryptions, kinds } from './archive-name.js';
import { OperatorError } from './errors.js';

const text = z.string();
const count = z.number().int().nonnegative();
const time = z.iso.datetime();

/**
 * What a file is to its backup. `archive` is all of it; a parallel dump has `schema`, `small` (what pg_dump dumped of the
 * data), `part`s of large tables and a `script` that restores it without respaldo. `globals` are roles;
 * `listing` tells of each media file, as core/media/listing.ts says.
 */
const fileRoles = ['archive', 'globals', 'schema', 'small', 'part', 'script', 'listing'] as const;

const part = z.looseObject({
  schema: text,
  table: text,
  columns: z.array(text).min(1),
  /** COPY's format. */
  format: z.enum(['binary', 'text']),
  /** The pages that it was read from; absent for a whole table. */
  pages: z.looseObject({ from: count, to: count.nullable() }).optional(),
  rows: count,
  uncompressedBytes: count,
});

const file = z.looseObject({
  /** Relative to the storage's root. */
  key: text.min(1),
  role: z.enum(fileRoles),
  bytes: count,
  sha256: text.regex(/^[0-9a-f]{64}$/),
  /** Of a part: the rows that it holds. */
  part: part.optional(),
});

const table = z.looseObject({
  schema: text,
  name: text,
  /** Absent where the rows were not dumped. */
  rows: count.optional(),
  /** The sum of the rows' 64-bit hashes, in hexadecimal; absent where only the rows were counted. */
  hash: text.optional(),
  /** How COPY sent the rows, of each of which XXH64 was taken as it came. Absent where the server hashed values itself. */
  copied: z.looseObject({ format: z.enum(['binary', 'text']), columns: z.array(text) }).optional(),
});

const fingerprint = z.looseObject({
  sequences: z.record(text, text),
  largeObjects: z.looseObject({ count, hash: text }),
  /** A short digest of each object's definition, by its kind and name. */
  objects: z.record(text, text),
});

const database = z.looseObject({
  name: text.min(1),
  /** What the server says that it takes on disk. */
  bytes: count,
  serverVersion: text,
  clientVersion: text,
  encoding: text,
  collation: text,
  ctype: text,
  /** `libc`, `icu` or `builtin`: who sorts its text. Absent in manifests that were written before it was noted. */
  localeProvider: text.optional(),
  /** The locale of icu and builtin providers. */
  locale: text.optional(),
  icuRules: text.optional(),
  owner: text,
  extensions: z.array(z.looseObject({ name: text, version: text, schema: text })),
  /** The roles that own or hold rights on what was dumped. */
  roles: z.array(text),
  /** Those of them that own something. */
  owners: z.array(text),
  /** Who else than its owner may create in a schema. Absent in manifests that were written before it was noted. */
  creators: z.array(z.looseObject({ schema: text, role: text })).optional(),
  /** In words, what only a superuser can make again. Absent in manifests that were written before it was noted. */
  superusersOwn: z.array(text).optional(),
  tables: z.array(table),
  /** What was dumped beside tables, for a comparison of everything. */
  fingerprint: fingerprint.optional(),
  /** Of a parallel dump: the entries of the schema's table of contents that are built over each large table. */
  indexes: z.array(z.looseObject({ schema: text, table: text, entries: z.array(text) })).optional(),
  /** pg_dump's own selection options, where the backup is not of the whole database. */
  selection: z.array(text).optional(),
  /** With a selection: the tables whose rows it leaves out. Absent in backups of versions that did not tell them apart. */
  withoutRows: z.array(z.looseObject({ schema: text, name: text })).optional(),
});

const media = z.looseObject({
  /** A directory, or `s3://bucket/prefix`. */
  source: text,
  /** Files, every name of one with several counted; objects, of a bucket. */
  files: count,
  bytes: count,
  folders: count.optional(),
  /** Symbolic links. */
  links: count.optional(),
  /** Patterns that were left out. */
  exclude: z.array(text).optional(),
});

const formats = ['plain', 'custom', 'parallel', 'tar'] as const;

const manifestSchema = z.looseObject({
  schemaVersion: z.literal(1),
  id: text.min(1),
  kind: z.enum(kinds),
  target: text,
  program: z.looseObject({ name: text, version: text }),
  startedAt: time,
  finishedAt: time,
  format: z.enum(formats),
  compression: z.looseObject({ method: z.enum(compressions), program: text.optional() }),
  encryption: z.looseObject({ method: z.enum(encryptions), recipients: z.array(text).optional() }),
  files: z.array(file).min(1),
  uncompressedBytes: count,
  database: database.optional(),
  media: media.optional(),
  warnings: z.array(text),
});

/** The record that makes an archive a backup: what it is, where its bytes are and what they must hash to. */
export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestFile = z.infer<typeof file>;
export type DatabaseFacts = z.infer<typeof database>;
export type MediaFacts = z.infer<typeof media>;
export type TableFacts = z.infer<typeof table>;
export type Fingerprint = z.infer<typeof fingerprint>;
export type PartFacts = z.infer<typeof part>;

/** Manifests are filled up with spaces to a multiple of so many bytes: see {@link serializeManifest}. */
export const manifestPadding = 512;

/**
 * The bytes to store. Padded to a multiple of {@link manifestPadding}, so that the size alone, which is all that a
 * listing shows, gives away a manifest that was cut short.
 */
export function serializeManifest(manifest: Manifest): Buffer {
  const json = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  const padding = (manifestPadding - (json.length % manifestPadding)) % manifestPadding;
  return Buffer.concat([json, Buffer.alloc(padding, ' ')]);
}

/**
 * @param id the backup that it must be of, where that is known
 * @throws OperatorError MANIFEST_INVALID naming the key and the first thing that is wrong
 */
export function parseManifest(bytes: Buffer, key: string, id?: string): Manifest {
  const invalid = (what: string, cause?: unknown) =>
    new OperatorError(
      'MANIFEST_INVALID',
      `manifest ${key} ${what}`,
      'This backup cannot be trusted. Use another one (respaldo list), or restore its archive by file name, unvouched.',
      { cause },
    );
  if (bytes.length === 0 || bytes.length % manifestPadding !== 0) {
    throw invalid(`is cut short or was edited: ${bytes.length} bytes`);
  }
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
  const parsed = manifestSchema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(`is not valid: ${issue?.path.join('.') || 'document'}: ${issue?.message}`, parsed.error);
  }
  const manifest = parsed.data;
  if (manifest.kind === 'database' ? !manifest.database : !manifest.media) {
    throw invalid(`is not valid: ${manifest.kind}: missing`);
  }
  if (id !== undefined && manifest.id !== id) throw invalid(`is of another backup, ${manifest.id}`);
  return manifest;
}
