import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import pg from 'pg';
import { backupDatabase } from '../../container/backup-database.js';
import type { ThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { LocalStorage } from '../../container/storage/local-storage.js';
import { readCatalog } from '../../core/catalog.js';
import { contentsOf, crmSample, type query } from '../support/postgres.js';
import type { TestBucket } from '../support/s3.js';
import type { Variant } from './choice.js';
import { command, idIn } from './healthy.js';
import { backupOptions, runIn } from './in-process.js';

export type Contents = Readonly<Record<string, string>>;
export type Ask = typeof query;

/** Backups of one variant, made once and copied for every round. */
export interface MadeBackups {
  readonly folder: string;
  /** What each holds, by its id; the oldest first. */
  readonly contents: ReadonlyMap<string, Contents>;
  /** All files, by their keys. */
  readonly keys: readonly string[];
}

/** Five megabytes of rows that do not compress well, beside what tends to go wrong. */
const sample = `${crmSample}
  CREATE TABLE noise AS SELECT i, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 100) j) AS t FROM generate_series(1, 2700) i;
  ALTER TABLE noise ADD PRIMARY KEY (i);`;
const later = `INSERT INTO deals (customer_id, amount) SELECT 1, i FROM generate_series(1, 100) i; DELETE FROM noise WHERE i % 10 = 0`;
const live = `DELETE FROM deals WHERE id % 3 = 0; UPDATE customers SET name = 'changed since'; DELETE FROM noise WHERE i % 7 = 0`;

const former = ['first_state', 'second_state'] as const;
const template = 'live_state';

/** What all rounds share: a server of their own, a database in its live state, and backups of two former states. */
export class World {
  private readonly made = new Map<Variant, Promise<MadeBackups>>();
  readonly ask: Ask;
  live: Contents = {};

  constructor(
    readonly server: ThrowawayServer,
    readonly folder: string,
    readonly bucket: TestBucket | undefined,
  ) {
    this.ask = async (database, sql, values = []) => {
      const client = new pg.Client({ connectionString: server.url(database) });
      await client.connect();
      try {
        return (await client.query(sql, values)).rows;
      } finally {
        await client.end();
      }
    };
  }

  /** Makes the databases: two former states, and the live one. */
  async prepare(): Promise<void> {
    const [first, second] = former;
    await this.ask('postgres', `CREATE DATABASE ${first}`);
    await this.ask(first, sample);
    await this.ask('postgres', `CREATE DATABASE ${second} TEMPLATE ${first}`);
    await this.ask(second, later);
    await this.ask('postgres', `CREATE DATABASE ${template} TEMPLATE ${second}`);
    await this.ask(template, live);
    this.live = await contentsOf(template, this.ask);
  }

  /** The backups of a variant: two of the first state, one of the second. Made when they are first asked for. */
  backupsOf(variant: Variant): Promise<MadeBackups> {
    const made = this.made.get(variant) ?? this.makeBackups(variant);
    this.made.set(variant, made);
    return made;
  }

  /** A database in the live state. */
  async newDatabase(): Promise<string> {
    const name = `r_${randomBytes(5).toString('hex')}`;
    await this.ask('postgres', `CREATE DATABASE ${name} TEMPLATE ${template}`);
    return name;
  }

  async databasesOf(name: string): Promise<string[]> {
    const rows = await this.ask<{ datname: string }>(
      'postgres',
      'SELECT datname FROM pg_database WHERE starts_with(datname::text, $1) ORDER BY 1',
      [name],
    );
    return rows.map(({ datname }) => datname);
  }

  async drop(name: string): Promise<void> {
    for (const each of await this.databasesOf(name)) {
      await this.ask('postgres', `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(each)} WITH (FORCE)`);
    }
  }

  /** Copies the backups of a variant into a folder, or under a prefix of the bucket. */
  async copyBackups(variant: Variant, to: { readonly folder: string } | { readonly prefix: string }): Promise<void> {
    const { folder, keys } = await this.backupsOf(variant);
    if ('folder' in to) {
      await mkdir(to.folder, { recursive: true });
      await cp(folder, to.folder, { recursive: true, preserveTimestamps: true });
      return;
    }
    const { name, client } = this.s3();
    await Promise.all(
      keys.map((key) =>
        client.send(
          new CopyObjectCommand({
            Bucket: name,
            CopySource: `${name}/${nameOf(variant)}/${key}`,
            Key: `${to.prefix}${key}`,
          }),
        ),
      ),
    );
  }

  s3(): TestBucket {
    if (!this.bucket) throw new Error('no moto server');
    return this.bucket;
  }

  private async makeBackups(variant: Variant): Promise<MadeBackups> {
    const [first, second] = former;
    const contents = new Map<string, Contents>();
    for (const [day, database] of [first, first, second].entries()) {
      contents.set(await this.takeBackup(variant, database, day), await contentsOf(database, this.ask));
    }
    const folder = this.folderOf(variant);
    const { backups } = await readCatalog(new LocalStorage(folder), 'database', '');
    const keys = backups.flatMap(({ manifestKey, files }) => [manifestKey, ...files.map(({ key }) => key)]);
    if (this.bucket) {
      for (const key of keys) {
        const Body = await readFile(join(folder, key));
        const { name, client } = this.bucket;
        await client.send(new PutObjectCommand({ Bucket: name, Key: `${nameOf(variant)}/${key}`, Body }));
      }
    }
    return { folder, contents, keys };
  }

  private async takeBackup(variant: Variant, database: string, day: number): Promise<string> {
    const environment = {
      DATABASE_URL: this.server.url(database),
      BACKUP_DIR: this.folderOf(variant),
      ...parallelSettings,
    };
    if (variant.format === 'parallel') {
      const args = ['backup', '--database', '--format', 'parallel', '--compression', 'zstd'];
      return idIn(await command(args, environment)) ?? '';
    }
    const time = new Date(Date.now() - (3 - day) * 86_400_000);
    const run = await runIn(environment, { now: () => time });
    return (await backupDatabase(run, backupOptions(variant))).manifest.id;
  }

  private folderOf(variant: Variant): string {
    return join(this.folder, 'made', nameOf(variant));
  }
}

/** Small parts, so that even a small database has several. */
export const parallelSettings = { BACKUP_PARALLEL_TABLE_MB: '0.2', BACKUP_PARALLEL_PART_MB: '2' };

function nameOf({ format, compression }: Variant): string {
  return `${format}-${compression}`;
}
