import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import prettyBytes from 'pretty-bytes';
import { messageOf, OperatorError } from '../../core/errors.js';
import type { Storage } from '../../core/storage.js';
import type { Run } from '../run.js';
import { type Check, notTried, warn } from './check.js';

/** Whether a storage lets everything be done that respaldo does with it, each tried by doing it. */
export function storageChecks(run: Run, storage: Storage): Check[] {
  const key = `.doctor-${randomBytes(8).toString('hex')}`;
  const bytes = Buffer.from('respaldo doctor was here\n');
  const named = (what: string, permission: string) =>
    `${storage.name}: ${what}${storage.type === 's3' ? ` (${permission})` : ''}`;
  const write = () => storage.write(key, Readable.from([bytes]), { expectedBytes: bytes.length });
  let written = false;
  // Of a file that is not there, every answer would mislead.
  const once = (check: () => Promise<string>) => async () => (written ? check() : notTried('nothing could be written'));
  return [
    { what: named('list', 's3:ListBucket'), run: () => list(storage) },
    {
      what: named('write', 's3:PutObject'),
      run: async () => {
        await write();
        written = true;
        return 'a small file was stored';
      },
    },
    { what: named('never overwrites', 's3:if-none-match'), run: once(() => refusesSecond(write)) },
    { what: named('read', 's3:GetObject'), run: once(() => readsBack(storage, key, bytes)) },
    { what: named('remove', 's3:DeleteObject'), run: once(() => remove(storage, key)) },
    {
      what: named('clear unfinished uploads', 's3:ListBucketMultipartUploads, s3:AbortMultipartUpload'),
      run: async () => `${(await storage.clearAbandoned('.doctor-', new Date(0))).length} found`,
    },
    { what: `${storage.name}: space`, run: () => space(run, storage) },
  ];
}

async function list(storage: Storage): Promise<string> {
  let objects = 0;
  for await (const _ of storage.list('database/')) {
    objects += 1;
    if (objects === 1000) break;
  }
  return `${objects === 1000 ? '1000 or more' : objects} database files`;
}

async function refusesSecond(write: () => Promise<void>): Promise<string> {
  try {
    await write();
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'ALREADY_STORED')
      return 'a second write under the same name is refused';
    throw error;
  }
  throw new OperatorError(
    'STORAGE_FAILED',
    'a second write under the same name was accepted',
    'This server does not know conditional writes (If-None-Match): backups could be overwritten. Use another one, or a bucket with versioning.',
  );
}

async function readsBack(storage: Storage, key: string, expected: Buffer): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of await storage.read(key)) chunks.push(Buffer.from(chunk));
  if (Buffer.concat(chunks).equals(expected)) return 'it came back as it was stored';
  throw new OperatorError(
    'DIGEST_DIFFERS',
    'what was read is not what was written',
    'Check the disk or the server before trusting any backup in it.',
  );
}

async function remove(storage: Storage, key: string): Promise<string> {
  const [failure] = await storage.erase([key]);
  if (!failure) return 'it was removed again';
  throw new OperatorError(
    'REMOVAL_FAILED',
    failure.reason,
    `Cleanup needs the right to remove. Remove ${key} by hand. A role that only writes backups is right not to have it.`,
  );
}

async function space({ settings }: Run, storage: Storage) {
  const free = await storage.freeBytes();
  if (free === undefined) return 'without limit';
  const text = `${prettyBytes(free)} free`;
  return free >= settings.BACKUP_MIN_FREE_MB * 1024 * 1024
    ? text
    : warn(text, 'Free some space: respaldo cleanup --dry-run shows what could go.');
}

/** How far this machine's clock is from the S3 server's: signatures are refused from 15 minutes on. */
export function clockCheck(endpoint: string): Check {
  return {
    what: 'clock',
    run: async () => {
      let date: string | null;
      try {
        date = (
          await fetch(endpoint, { method: 'HEAD', signal: AbortSignal.timeout(10_000), redirect: 'manual' })
        ).headers.get('date');
      } catch (error) {
        throw new OperatorError(
          'STORAGE_FAILED',
          `${endpoint} not reached: ${messageOf(error instanceof Error ? (error.cause ?? error) : error)}`,
          'Check the network, a proxy, and AWS_ENDPOINT_URL.',
        );
      }
      if (!date) return 'the server does not tell its time';
      const seconds = Math.round((Date.now() - Date.parse(date)) / 1000);
      if (Math.abs(seconds) < 60) return `${Math.abs(seconds)} s from the server’s`;
      throw new OperatorError(
        'STORAGE_FAILED',
        `this clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} ${endpoint}’s`,
        'Set it: timedatectl set-ntp true.',
      );
    },
  };
}
