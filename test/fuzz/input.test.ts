import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectionFrom } from '../../container/postgres/connection.js';
import { catalogOf } from '../../core/catalog.js';
import {
  isConfirmed,
  parseRestoreRequest,
  readWidgetCall,
  restoreCommand,
} from '../../core/deployed/restore-request.js';
import { chooseBackup, restoreTarget } from '../../core/deployed/restore-target.js';
import { parseStartRequest, requestedTargets } from '../../core/deployed/start-request.js';
import { findToldError, judgeTaskEnd, parseTaskEnd } from '../../core/deployed/task-end.js';
import { readNewestDrill } from '../../core/drill/verification.js';
import { judgeFreshness } from '../../core/freshness.js';
import { readSettings } from '../../core/read-settings.js';
import { planRetention } from '../../core/retention.js';
import { parseS3Url } from '../../core/s3-url.js';
import { settingsSchema } from '../../core/settings.js';
import { MadeStorage } from '../support/histories.js';
import { fuzzRuns, onlyTold } from './only-told.js';

const timeout = 180_000;
const runs = fuzzRuns(300);
/** Words that mean something somewhere, and what breaks careless programs. */
const words = fc.oneof(
  fc.constantFrom(
    ...['', 'latest', 'database', 'media', 'full', 'db_backup_20240115_120000', '../db_backup_20240115_120000'],
    ...['crm/db_backup_20240115_120000', '--force', '-', '$(id)', '`id`', "'; DROP TABLE x; --", '\0', '\n', 'ü'],
    ...[
      '__proto__',
      'constructor',
      'toString',
      's3://',
      's3:///',
      's3://b',
      'postgresql://',
      'postgresql://u:p@h:99999/d',
    ],
    ...[
      'postgres://[::1',
      'postgresql://h/%',
      'postgresql:///d?host=/tmp',
      '1e400',
      '-1',
      'NaN',
      '99999999999999999999',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const values = fc.oneof(words, fc.boolean(), fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.constant(null));
/** An object with some of the fields that are known, and others. */
function sent(...fields: string[]) {
  return fc.oneof(
    values,
    fc.dictionary(fc.oneof(fc.constantFrom(...fields), fc.constantFrom('__proto__', 'constructor', 'x')), values),
  );
}

const targets = [
  { kind: 'database', target: '', replaces: 'crm' },
  { kind: 'media', target: 'pictures', replaces: 'pictures' },
] as const;

describe('whatever is sent to a Lambda, nothing but an answer or a message comes out', { timeout }, () => {
  it('restore: and nothing is replaced without its name, nor an option smuggled in', async () => {
    const backups = { database: madeBackups('database', ''), media: madeBackups('media', 'pictures') };
    const request = sent(
      'backup',
      'kind',
      'target',
      'dryRun',
      'confirm',
      'into',
      'table',
      'as',
      'inPlace',
      'noOwner',
      'widgetContext',
    );
    await fc.assert(
      fc.asyncProperty(request, (event) =>
        onlyTold(() => {
          const parsed = parseRestoreRequest(readWidgetCall(event)?.request ?? event);
          if (!parsed) return;
          const target = restoreTarget(parsed, targets);
          const backup = chooseBackup(parsed, { backups: backups[target.kind], unvouched: [] }, target);
          const command = restoreCommand(parsed, backup, target);
          const known = ['restore', '--media', '--in-place', '--no-owner', '--force', backup.id];
          expect(command.filter((word) => !known.includes(word) && !/^--(?:into|table|as)=/.test(word))).toEqual([]);
          const beside = command.some((word) => /^--(?:into|table)=/.test(word));
          if (isConfirmed(parsed, target) && !beside) expect(parsed.confirm).toBe(target.replaces);
        }),
      ),
      runs,
    );
  });

  it('start-backup', async () => {
    await fc.assert(
      fc.asyncProperty(sent('kind', 'target', 'schedule', 'due'), (event) =>
        onlyTold(() => {
          const parsed = parseStartRequest(event);
          if (parsed) expect(requestedTargets(parsed, targets).length).toBeGreaterThan(0);
        }),
      ),
      runs,
    );
  });

  it('task-stopped: what ECS never sends is not taken for an end', async () => {
    const detail = sent(
      'taskArn',
      'group',
      'taskDefinitionArn',
      'lastStatus',
      'stopCode',
      'containers',
      'createdAt',
      'overrides',
    );
    await fc.assert(
      fc.asyncProperty(detail, fc.array(words), (event, lines) =>
        onlyTold(() => {
          const end = parseTaskEnd(event);
          if (end) judgeTaskEnd(end, true, false, findToldError(lines));
        }),
      ),
      runs,
    );
  });
});

describe('whatever the environment says, nothing but settings or a message comes out', { timeout }, () => {
  const names = [
    ...Object.keys(settingsSchema.shape),
    'PGHOST',
    'PGPORT',
    'PGUSER',
    'PGDATABASE',
    'PGSSLMODE',
    'PGOPTIONS',
  ];
  const environment = fc.dictionary(fc.constantFrom(...names), words, { maxKeys: 6 });

  it('settings, and the connection that they lead to', async () => {
    await fc.assert(
      fc.asyncProperty(environment, ({ BACKUP_DATABASE_SECRET_ARN: _, BACKUP_DATABASE_IAM_AUTH: __, ...given }) =>
        onlyTold(() => connectionFrom(readSettings(given), given)),
      ),
      runs,
    );
  });

  it('DATABASE_URL in particular', async () => {
    const part = fc.oneof(words, fc.webUrl(), fc.domain());
    await fc.assert(
      fc.asyncProperty(part, part, part, part, (user, host, name, query) => {
        const given = { DATABASE_URL: `postgresql://${user}@${host}/${name}?${query}` };
        return onlyTold(() => connectionFrom(readSettings(given), given));
      }),
      runs,
    );
  });

  it('an S3 URL', () =>
    fc.assert(
      fc.asyncProperty(words, (url) => onlyTold(() => parseS3Url(url))),
      runs,
    ));
});

describe('whatever lies in the storage', { timeout }, () => {
  it('a listing of any names is grouped, planned and judged; each name is in one place', () => {
    const rest = fc.oneof(
      fc.constantFrom(
        '.sql.gz',
        '.manifest.json',
        '.verified.json',
        '.verified_20240117_060000.json',
        '.drill_failed_20240116_060000.json',
        '/part',
        '',
        '.',
      ),
      words,
    );
    const time = fc.constantFrom('20240115_120000', '20240116_120000', '20990101_000000', '20240230_120000', 'x');
    const key = fc.oneof(
      words,
      fc
        .tuple(fc.constantFrom('database/', '', 'media/', 'database/../'), time, rest)
        .map(([a, b, c]) => `${a}db_backup_${b}${c}`),
    );
    const object = fc.record({ key, bytes: fc.nat(5_000), modified: fc.date({ noInvalidDate: true }) });
    fc.assert(
      fc.property(fc.uniqueArray(object, { selector: (each) => each.key, maxLength: 30 }), (objects) => {
        const catalog = catalogOf(objects, 'database', '');
        const grouped = catalog.backups.flatMap(({ files, records, manifestKey }) =>
          [...files, ...records].map((each) => each.key).concat(manifestKey),
        );
        const placed = [
          ...grouped,
          ...catalog.unvouched.map((each) => each.key),
          ...catalog.unknown.map((each) => each.key),
        ];
        expect(placed.toSorted()).toEqual(objects.map((each) => each.key).toSorted());
        planRetention(catalog.backups, { days: 3, keep: undefined }, new Date('2024-02-01'));
        judgeFreshness('database', '', catalog.backups, 25, new Date('2024-02-01'));
      }),
      runs,
    );
  });

  it('a drill’s record of any content', async () => {
    const fields = [
      'schemaVersion',
      'backup',
      'passed',
      'program',
      'startedAt',
      'seconds',
      'compared',
      'differences',
      'notes',
    ];
    const key = 'database/db_backup_20240115_120000.verified.json';
    const records = [{ key, bytes: 512, modified: new Date('2024-01-15T12:01:00Z') }];
    await fc.assert(
      fc.asyncProperty(sent(...fields), (record) => {
        const storage = new MadeStorage([]);
        storage.read = async () => new Response(JSON.stringify(record) ?? '').body as never;
        return onlyTold(() => readNewestDrill(storage, { records }));
      }),
      runs,
    );
  });
});

function madeBackups(kind: 'database' | 'media', target: string) {
  const prefix = kind === 'database' ? 'database/db' : 'pictures/media/media';
  const rest = kind === 'database' ? '.sql.gz' : '.tar.gz';
  const modified = new Date('2024-01-15T12:01:00Z');
  const objects = [rest, '.manifest.json'].map((suffix) => ({
    key: `${prefix}_backup_20240115_120000${suffix}`,
    bytes: 512,
    modified,
  }));
  return catalogOf(objects, kind, target).backups;
}
