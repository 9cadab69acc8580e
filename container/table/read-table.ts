import { Readable } from 'node:stream';
import { wrappingOf } from '../../core/archive-name.js';
import { OperatorError } from '../../core/errors.js';
import type { Manifest, ManifestFile } from '../../core/manifest.js';
import { tablesWithRows } from '../../core/parallel/choose-tables.js';
import { keyOf, type QualifiedName, quotedName } from '../../core/table/tokens.js';
import { decode, fileDecoders, readArchive, readFileOf } from '../decode.js';
import { pgRestoreCommand } from '../postgres/pg-restore.js';
import type { Run } from '../run.js';
import type { Command } from '../streams/command.js';
import { runPipe } from '../streams/pipe.js';
import type { TableRestorePlan } from './plan-table-restore.js';
import type { TableWriter } from './table-writer.js';

/** Brings to the writer what a backup says of its table, and as little else as its format allows. */
export function readTable(run: Run, plan: TableRestorePlan, writer: TableWriter): Promise<void> {
  const { manifest, wrapping } = plan.found;
  if (manifest?.format === 'parallel') return readParallel(run, plan, manifest, writer);
  return wrapping.content === 'dump' ? readCustom(run, plan, writer) : readPlain(run, plan, writer);
}

/** One reading of the whole script, whose other tables' rows are passed over. */
async function readPlain(run: Run, plan: TableRestorePlan, writer: TableWriter): Promise<void> {
  const step = run.progress.start(`reading ${plan.found.id}`, plan.found.archive.bytes);
  const archive = await readArchive(plan.found, step, run.signal);
  await decode(archive, plan.decoders, run.signal, (script) => writer.read(script));
  step.end();
}

/**
 * Its table of contents stands at the front and says which rows are wanted; pg_restore then passes over the others. The
 * second reading compares the digest.
 */
async function readCustom(run: Run, plan: TableRestorePlan, writer: TableWriter): Promise<void> {
  const { found, decoders } = plan;
  const front = run.progress.start(`reading what is in ${found.id}`, 0);
  await readFront(await readArchive(found, front, run.signal), async (input, enough) => {
    const definitions = async (script: Readable) => {
      await writer.read(script);
      enough();
    };
    const command = await pgRestore(plan, ['--schema-only']);
    await runPipe([...decoders, command], { input, output: definitions, signal: run.signal });
  });
  const step = run.progress.start(`reading ${found.id}`, found.archive.bytes);
  const command = await pgRestore(plan, onlyRows(await writer.make(), writer.encoding));
  await runPipe([...decoders, command], {
    input: await readArchive(found, step, run.signal),
    output: (script) => writer.read(script),
    signal: run.signal,
  });
  step.end();
}

/** Lets a stream be left before its end, for once without that being a failure. */
async function readFront(stream: Readable, use: (front: Readable, enough: () => void) => Promise<void>): Promise<void> {
  let isEnough = false;
  async function* front() {
    for await (const chunk of stream) {
      if (isEnough) return;
      yield chunk;
    }
  }
  await use(Readable.from(front(), { objectMode: false }), () => {
    isEnough = true;
  });
}

/** The schema, then the objects of this table alone; what pg_dump dumped of small tables only if it is one of them. */
async function readParallel(run: Run, plan: TableRestorePlan, manifest: Manifest, writer: TableWriter): Promise<void> {
  const { found } = plan;
  let step = run.progress.start(`reading what is in ${found.id}`, 0);
  let done = 0;
  const open = async (file: ManifestFile, more: readonly Command[], use: (bytes: Readable) => Promise<void>) => {
    const decoders = [...(await decodersOf(run, manifest, file)), ...more];
    const onBytes = (bytes: number) => step.update(done + bytes);
    await decode(await readFileOf(found, file, run.signal, onBytes), decoders, run.signal, use);
  };
  const read = (script: Readable) => writer.read(script);
  await open(one(found.files, 'schema'), [await pgRestore(plan, [])], read);
  const tables = await writer.make();
  const parts = found.files.filter(({ part }) => part && tables.some((each) => isOf(each, part)));
  const inSmall = tables.filter(
    (each) => hasRows(manifest, each) && !parts.some(({ part }) => part && isOf(each, part)),
  );
  const small = inSmall.length > 0 ? one(found.files, 'small') : undefined;
  const wanted = [...parts, ...(small ? [small] : [])];
  step = run.progress.start(
    `reading ${found.id}`,
    wanted.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  for (const file of wanted) {
    const { part } = file;
    if (part) await open(file, [], (rows) => copyPart(manifest, writer, part, rows));
    else await open(file, [await pgRestore(plan, onlyRows(inSmall, writer.encoding))], read);
    done += file.bytes;
    step.update(done);
  }
  step.end();
}

async function copyPart(
  { id, database }: Manifest,
  writer: TableWriter,
  part: NonNullable<ManifestFile['part']>,
  rows: Readable,
): Promise<void> {
  const copied = await writer.copyPart(part, database?.encoding ?? 'UTF8', rows);
  if (copied === part.rows) return;
  throw new OperatorError(
    'COMPARISON_DIFFERS',
    `${id}: a part of ${quotedName({ schema: part.schema, name: part.table })} has ${copied} rows, the manifest says ${part.rows}`,
    'Nothing was changed. Use another backup: respaldo list.',
  );
}

function isOf({ schema, name }: QualifiedName, part: { readonly schema: string; readonly table: string }): boolean {
  return part.schema === schema && part.table === name;
}

/** False only where the manifest says that there are none. */
function hasRows({ database }: Manifest, table: QualifiedName): boolean {
  return tablesWithRows(database).some((each) => keyOf(each) === keyOf(table) && each.rows !== 0);
}

/**
 * What pg_restore takes of an archive: the rows of tables of these names in these schemas; it knows no pairs of both. It
 * compares bytes, and arguments come in UTF-8: where the archive's names do not, all is taken, for the writer to choose.
 */
function onlyRows(tables: readonly QualifiedName[], encoding: string): string[] {
  const names = (of: (table: QualifiedName) => string) => [...new Set(tables.map(of))];
  const [schemas, tableNames] = [names(({ schema }) => schema), names(({ name }) => name)];
  const isAscii = [...schemas, ...tableNames].every((name) => /^[\x20-\x7e]*$/.test(name));
  if (encoding !== 'UTF8' && !isAscii) return ['--section=data'];
  return [
    '--section=data',
    ...schemas.map((schema) => `--schema=${schema}`),
    ...tableNames.map((name) => `--table=${name}`),
  ];
}

/** pg_restore that writes a script instead of restoring. */
function pgRestore({ connection, clients }: TableRestorePlan, args: readonly string[]): Promise<Command> {
  const options = { connection, database: connection.database, clients, withoutOwners: true };
  return pgRestoreCommand(options, ['--file=-', ...args]);
}

async function decodersOf({ settings }: Run, { encryption }: Manifest, { key }: ManifestFile): Promise<Command[]> {
  const wrapping = wrappingOf(key);
  return wrapping ? fileDecoders(wrapping, encryption.recipients, settings) : [];
}

function one(files: readonly ManifestFile[], role: ManifestFile['role']): ManifestFile {
  const file = files.find((each) => each.role === role);
  if (!file) throw new Error(`a parallel backup without a ${role} file`);
  return file;
}
