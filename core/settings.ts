import * as z from 'zod';
import { compressions, targetPattern } from './archive-name.js';
import { fingerprintModes } from './postgres/fingerprint.js';
import { parsePrices } from './report/storage-use.js';
import { parseKeep } from './retention.js';
import { parseScheduleList } from './schedules/schedules.js';

const whole = (minimum: number, maximum: number) => {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  return z.coerce.number({ error }).int(error).min(minimum, error).max(maximum, error);
};
const fraction = (minimum: number, maximum: number) => {
  const error = `must be a number from ${minimum} to ${maximum}`;
  return z.coerce.number({ error }).min(minimum, error).max(maximum, error);
};
const names = z.string().transform((value) => value.split(/[\s,]+/).filter(Boolean));
/** Like names, but one may have a space in it. */
const patterns = z.string().transform((value) =>
  value
    .split(/[,\n]/)
    .map((pattern) => pattern.trim())
    .filter(Boolean),
);
/** Like names, but an SSH public key is two words. */
const ageRecipients = z.string().transform((value) => value.split(/\s*[,\n]\s*|\s+(?=age1|ssh-)/).filter(Boolean));
/** Every setting, by the name of its environment variable. docs/settings.md is made from this table. */
export const settingsSchema = z.object({
  BACKUP_TARGET: z
    .string()
    .regex(targetPattern, 'must be lower-case letters, digits, - and _, and neither "database" nor "media"')
    .optional()
    .describe('Name of what is backed up, where one storage holds several. The default target has none.'),
  BACKUP_STORAGE: z
    .enum(['local', 's3', 'both'])
    .default('local')
    .describe('Where `backup` writes. `--upload-s3` turns `local` into `both` for one run.'),
  BACKUP_DIR: z.string().default('/backups').describe('The local storage.'),
  AWS_S3_BUCKET_NAME: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 of a-z, 0-9, . and -')
    .optional()
    .describe('The bucket of the S3 storage.'),
  AWS_S3_REGION_NAME: z.string().optional().describe('The bucket’s region. Default: `AWS_REGION`, else us-east-1.'),
  AWS_REGION: z.string().optional().describe('Used where `AWS_S3_REGION_NAME` is not set.'),
  AWS_ENDPOINT_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe('An S3-compatible server instead of AWS.'),
  AWS_ENDPOINT_URL_S3: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .optional()
    .describe('The same for S3 alone; wins over `AWS_ENDPOINT_URL`.'),
  AWS_ACCESS_KEY_ID: z.string().optional().describe('Credentials, where no role gives them.'),
  AWS_SECRET_ACCESS_KEY: z.string().optional().describe('Credentials, where no role gives them.'),
  BACKUP_S3_PREFIX: z
    .string()
    .default('backups/')
    .transform((prefix) => (prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`))
    .describe('Where in the bucket the backups are.'),
  BACKUP_S3_SSE: z
    .enum(['AES256', 'aws:kms', 'none'])
    .default('AES256')
    .describe('Server-side encryption asked for with each object. `none` leaves it to the bucket.'),
  BACKUP_S3_KMS_KEY_ID: z.string().optional().describe('The KMS key for `aws:kms`; default: the account’s own.'),
  BACKUP_S3_TIMEOUT: whole(1, 3_600)
    .default(30)
    .describe('Seconds that a connection to S3 may be silent before the request is tried again.'),
  BACKUP_S3_TRIES: whole(1, 20).default(6).describe('How often a request to S3 is tried in all, with growing pauses.'),
  BACKUP_S3_STORAGE_CLASS: z
    .enum(['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'])
    .optional()
    .describe('Storage class of archives. Manifests always stay in STANDARD.'),
  DATABASE_URL: z
    .string()
    .optional()
    .describe('`postgresql://user:password@host:5432/name?sslmode=require`. Wins over libpq’s `PG…` variables.'),
  BACKUP_DATABASE_SECRET_ARN: z
    .string()
    .optional()
    .describe(
      'A Secrets Manager secret in RDS’s JSON shape (username, password, host, port, dbname); fills what is unset.',
    ),
  BACKUP_DATABASE_IAM_AUTH: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('Log in to RDS with a token made by IAM instead of a password, as `PGUSER`.'),
  PG_BINDIR: z
    .string()
    .optional()
    .describe(
      'Directories with PostgreSQL’s programs (pg_dump, pg_dumpall, pg_restore, psql; for drills initdb and postgres), looked at before the usual ones; several, as of several majors, are separated by `:`.',
    ),
  BACKUP_FORMAT: z
    .enum(['plain', 'custom', 'parallel', 'auto'])
    .default('plain')
    .describe(
      'pg_dump’s format for `backup --database`; `parallel`, many sessions into many objects; or `auto`: parallel above 1 GB, custom below, both compressed with zstd.',
    ),
  BACKUP_COMPRESSION: z.enum(compressions).default('gzip').describe('How archives are compressed.'),
  BACKUP_COMPRESSION_LEVEL: whole(1, 19)
    .optional()
    .describe('Default: 3 for igzip, 6 for pigz and Node’s own gzip, 1 for zstd and for media files.'),
  BACKUP_PARALLEL_TABLE_MB: fraction(0, 1_000_000)
    .optional()
    .describe('Format parallel: smaller tables are left to pg_dump. Default 2.'),
  BACKUP_PARALLEL_PART_MB: fraction(0.01, 10_000)
    .optional()
    .describe(
      'Format parallel: about how much of a table is one part. Default: an eighth of a worker’s share, 32 to 1024.',
    ),
  BACKUP_RESTORE_TOAST: z
    .enum(['lz4', 'server'])
    .default('lz4')
    .describe(
      'How a restore lets the server compress large values: lz4, several times faster, where the server has it; server: as the server does by itself.',
    ),
  BACKUP_TASKS: whole(1, 16)
    .default(1)
    .describe('Format parallel: tasks that share one dump or restore; on Fargate further tasks, elsewhere processes.'),
  BACKUP_TASKS_SECRET: z
    .string()
    .min(32, 'must be 32 characters or more')
    .optional()
    .describe('By which the tasks of a run know each other. Default: a random one, passed on to the processes.'),
  BACKUP_TASKS_ADDRESS: z
    .string()
    .optional()
    .describe('The address at which further tasks reach the first. Default: 127.0.0.1, on Fargate the task’s own.'),
  BACKUP_TASKS_PORT: whole(1, 65_535).optional().describe('And the port. Default: any that is free.'),
  BACKUP_TASKS_COMMAND: z
    .string()
    .optional()
    .describe(
      'Starts the program on another host, `{n}` being the task’s number, from 2: `ssh backup{n} respaldo`. It needs the same environment there, and gets here what a task of this machine would get, and what ssh, Docker and kubectl find their way by; more with `env NAME=value …` before it. Default: processes of this machine.',
    ),
  BACKUP_TASKS_SUBNETS: names.default([]).describe('Fargate: the subnets of further tasks.'),
  BACKUP_TASKS_SECURITY_GROUPS: names
    .default([])
    .describe('Fargate: their security groups; one must let tasks reach each other at `BACKUP_TASKS_PORT`.'),
  BACKUP_TASKS_PUBLIC_ADDRESS: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('Fargate: whether they get a public address, as in subnets without NAT.'),
  BACKUP_TASKS_CAPACITY: z
    .enum(['FARGATE', 'FARGATE_SPOT'])
    .default('FARGATE')
    .describe('Fargate: their capacity provider.'),
  BACKUP_LOCK_TIMEOUT: whole(1, 86_400)
    .default(60)
    .describe('Seconds that a dump, or a restore into a database in use, waits for locks before it gives up.'),
  BACKUP_STALL_MINUTES: fraction(0, 10_000)
    .default(30)
    .describe(
      'A backup or restore in which nothing moves for so long is ended, unless the server is at work for it. 0: never.',
    ),
  BACKUP_SNAPSHOT_WARN_MINUTES: fraction(0.001, 100_000)
    .default(60)
    .describe(
      'A dump that takes longer than this warns that it holds back vacuum, and again each time so many minutes on.',
    ),
  BACKUP_FINGERPRINT: z
    .enum(fingerprintModes)
    .optional()
    .describe(
      'What is remembered of rows and media files, to compare a restore with: `full` hashes each, `counts` counts them, `off` not even that for rows. Default: `full` up to 20 GB, then `counts`.',
    ),
  MEDIA_ROOT: z.string().optional().describe('The media files: a directory, or `s3://bucket/prefix`.'),
  BACKUP_MEDIA_EXCLUDE: patterns
    .default([])
    .describe('Patterns that are left out of media backups, as in tar’s `--exclude`, separated by commas.'),
  BACKUP_AGE_RECIPIENTS: ageRecipients
    .default([])
    .describe('Encrypt to these age recipients: `age1…` or `ssh-ed25519 AAAA…`, separated by commas.'),
  BACKUP_AGE_IDENTITY_FILE: z.string().optional().describe('The age identity that restores decrypt with.'),
  BACKUP_GPG_RECIPIENTS: names.default([]).describe('Encrypt to these GnuPG keys, by fingerprint, id or address.'),
  BACKUP_RETENTION_DAYS: whole(0, 36_500)
    .optional()
    .describe('Keep backups younger than this. Default 30 where `BACKUP_KEEP` is not set either.'),
  BACKUP_KEEP: z
    .string()
    .transform((value, context) => {
      const keep = parseKeep(value);
      if (typeof keep === 'string') context.addIssue({ code: 'custom', message: keep });
      return typeof keep === 'string' ? z.NEVER : keep;
    })
    .optional()
    .describe(
      'Keep the newest backup of so many days, weeks, months, years that have one: `daily=7,weekly=4,monthly=12`.',
    ),
  BACKUP_UNDO_DAYS: whole(0, 36_500)
    .default(7)
    .describe(
      'Local storage: for so many days `undelete` brings back what `cleanup` removed. 0 removes for good, and at once. A bucket keeps old versions as its lifecycle says.',
    ),
  BACKUP_MAX_AGE_HOURS: whole(1, 87_600).default(25).describe('`check`: the newest database backup may be this old.'),
  BACKUP_MEDIA_MAX_AGE_HOURS: whole(1, 87_600)
    .default(192)
    .describe('`check`: the newest media backup may be this old.'),
  BACKUP_MIN_FREE_MB: whole(0, 1_000_000_000)
    .default(1024)
    .describe('`check`: warns when the storage’s disk has less free.'),
  BACKUP_VERIFIED_MAX_AGE_HOURS: whole(1, 87_600)
    .optional()
    .describe(
      '`check`: the newest backup that a drill has verified may be this old; of media files once one was drilled. Default: drills are not asked for.',
    ),
  BACKUP_DRILL_DIR: z
    .string()
    .optional()
    .describe('`drill`: where the throw-away server keeps its data. Default: the system’s temporary folder.'),
  BACKUP_DRILL_SQL: z
    .string()
    .optional()
    .describe(
      '`drill`: a file with assertions of your own in SQL, run in the restored database. An error, or a row with a false in it, fails the drill.',
    ),
  BACKUP_DRILL_AS_SUPERUSER: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      '`drill`: load the dump as a superuser of the throw-away server. A hostile dump can then run programs as the server’s user. Default: as a role that can neither do that nor read files.',
    ),
  BACKUP_DRILL_ASSERTIONS: z
    .string()
    .optional()
    .describe(
      '`drill`: the same, as the SQL itself: for places without a file, such as a task in AWS (`drill.assertions` in cdk.json). Both are run where both are set.',
    ),
  BACKUP_SCHEDULES: z
    .string()
    .transform((value, context) => {
      const schedules = parseScheduleList(value);
      if (typeof schedules === 'string') context.addIssue({ code: 'custom', message: schedules });
      return typeof schedules === 'string' ? z.NEVER : schedules;
    })
    .optional()
    .describe(
      '`report`: what this machine’s own scheduler runs and when, as `database: cron(0 3 * * ? *); media: cron(0 4 ? * SUN *)` in the machine’s time zone.',
    ),
  BACKUP_PRICE_PER_GB_MONTH: z
    .string()
    .transform((value, context) => {
      const prices = parsePrices(value);
      if (typeof prices === 'string') context.addIssue({ code: 'custom', message: prices });
      return typeof prices === 'string' ? z.NEVER : prices;
    })
    .optional()
    .describe(
      '`report`: what storage costs: `0.023` for all of it, or by class and in another currency than USD: `STANDARD=0.023,GLACIER_IR=0.005 EUR`.',
    ),
  BACKUP_ANOMALY_PERCENT: whole(0, 99)
    .default(50)
    .describe(
      'A new backup with so many percent fewer rows in a table, files or bytes than the one before is told as odd, and so are tables that are gone and a schema that changed. 0: nothing is.',
    ),
  BACKUP_EVENT_BUS: z.string().optional().describe('EventBridge bus (name or ARN) that is told of each result.'),
  BACKUP_EVENTS: z
    .enum(['all', 'completed'])
    .default('all')
    .describe('Which results are told: `completed` leaves failures to whoever watches the process, as on Fargate.'),
  BACKUP_ENVIRONMENT: z.string().optional().describe('Name of the deployment, told with each result.'),
  BACKUP_LOG: z
    .enum(['text', 'json'])
    .default('text')
    .describe(
      'What standard error gets: text for people, or JSON lines, in which what the server quotes of rows is left out.',
    ),
  SENTRY_DSN: z
    .url({ error: 'must be a URL' })
    .optional()
    .describe('Errors are sent here, without secrets or row data.'),
});

/** The settings of one run, checked. Keys are the variables' own names, so that messages and documents need no second word. */
export type Settings = Readonly<z.infer<typeof settingsSchema>>;
