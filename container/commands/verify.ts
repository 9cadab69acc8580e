import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { kinds, parseBackupId } from '../../core/archive-name.js';
import { type Backup, readCatalog } from '../../core/catalog.js';
import { type ErrorCode, errorCodes, exitCodes, OperatorError } from '../../core/errors.js';
import { readManifest } from '../../core/read-manifest.js';
import type { Storage } from '../../core/storage.js';
import { askStorages, type Silent } from '../ask-storages.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';
import { compareDigest } from '../streams/compare-digest.js';
import { GivenOptions } from './given-options.js';
import { tellSilent } from './tell-silent.js';

interface VerifyOptions {
  readonly all?: true;
  readonly json?: true;
}

/** Whether one copy of a backup still has the bytes that were stored. */
interface Verification {
  readonly id: string;
  readonly storage: string;
  readonly ok: boolean;
  readonly text: string;
  /** Why it is not well. */
  readonly code?: ErrorCode;
}

export function registerVerify(root: Command, invocation: Invocation): void {
  root
    .command('verify')
    .description('Read stored backups again and compare every byte’s digest: the newest of each kind, one, or all.')
    .argument('[backup]', 'a backup’s id')
    .option('--all', 'every backup')
    .option('--json', 'print the result as JSON')
    .action(async (id: string | undefined, { all, json }: VerifyOptions, command: Command) => {
      new GivenOptions(command).alone('--all');
      const run = await invocation.start();
      const results: Verification[] = [];
      const { copies, silent } = await choose(run, id, all === true);
      for (const { storage, backup } of copies) {
        const result = await verify(run, storage, backup);
        results.push(result);
        if (!json)
          invocation.print(`${result.ok ? 'OK  ' : 'FAIL'} | ${result.id} | ${result.storage} | ${result.text}`);
      }
      if (json) invocation.print(JSON.stringify(results, null, 2));
      tellSilent(invocation, run, silent);
      const code = exitCodeOf(results);
      if (code !== undefined) invocation.exitWith(code);
    });
}

/** Damage weighs more than a storage that did not let its bytes be read. */
function exitCodeOf(results: readonly Verification[]): number | undefined {
  const bad = results.filter(({ ok }) => !ok);
  const unread = bad.filter(({ code }) => code && errorCodes[code] === 'storage');
  if (bad.length > unread.length) return exitCodes.integrity;
  return unread.length > 0 ? exitCodes.storage : undefined;
}

interface Copy {
  readonly storage: Storage;
  readonly backup: Backup;
}

interface Chosen {
  readonly copies: readonly Copy[];
  readonly silent: readonly Silent[];
}

async function choose(run: Run, id: string | undefined, all: boolean): Promise<Chosen> {
  const target = run.settings.BACKUP_TARGET ?? '';
  const parsed = id === undefined ? undefined : parseBackupId(id, target);
  const copies: Copy[] = [];
  const silent = await askStorages(run, async (storage) => {
    for (const kind of kinds) {
      const { backups } = await readCatalog(storage, kind, parsed?.target ?? target);
      const chosen = parsed
        ? backups.filter((backup) => backup.kind === parsed.kind && backup.time.getTime() === parsed.time.getTime())
        : all
          ? backups
          : backups.slice(0, 1);
      copies.push(...chosen.map((backup) => ({ storage, backup })));
    }
  });
  if (copies.length > 0 && (id === undefined || parsed)) return { copies, silent };
  if (silent[0] && (id === undefined || parsed)) throw silent[0].error; // it may be there
  throw new OperatorError(
    'NO_SUCH_BACKUP',
    id === undefined ? 'there is no backup to verify' : `there is no backup "${id}"`,
    'List what there is: respaldo list.',
  );
}

async function verify(run: Run, storage: Storage, backup: Backup): Promise<Verification> {
  const result = { id: backup.id, storage: storage.name };
  const step = run.progress.start(`verifying ${backup.id}`, backup.bytes);
  try {
    const manifest = await readManifest(storage, backup.manifestKey, backup.id);
    let done = 0;
    for (const file of manifest.files) {
      const compared = compareDigest(file, backup.id, (bytes) => step.update(done + bytes));
      compared.resume();
      await pipeline(await storage.read(file.key, { signal: run.signal }), compared);
      done += file.bytes;
    }
    return { ...result, ok: true, text: `${done} bytes as they were stored` };
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof OperatorError)) throw error;
    return { ...result, ok: false, text: error.message, code: error.code };
  } finally {
    step.end();
  }
}
