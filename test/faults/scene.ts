import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { readCatalog } from '../../core/catalog.js';
import type { Storage } from '../../core/storage.js';
import type { Choice } from './choice.js';
import { type Environment, runIn } from './in-process.js';
import { type Contents, parallelSettings, type World } from './world.js';

/** What one round works on: a database of its own, with three backups. */
export interface Scene {
  readonly world: World;
  readonly choice: Choice;
  readonly folder: string;
  readonly database: string;
  /** Settings that lead straight to everything. */
  readonly env: Environment;
  readonly storage: Storage;
  /** What each backup holds, by its id; the oldest first. */
  readonly contents: ReadonlyMap<string, Contents>;
  readonly newest: string;
  /** The files of a backup, the manifest first. */
  keysOf(id: string): Promise<string[]>;
  bytesOf(key: string): Promise<Buffer>;
  /** Puts other bytes in the place of an object's; none takes it away. */
  replace(key: string, bytes: Buffer | undefined): Promise<void>;
}

/** Sets one up; everything of it goes when the test ends. */
export async function setScene(world: World, choice: Choice, prepareFolder = async (_: string) => {}): Promise<Scene> {
  const database = await world.newDatabase();
  onTestFinished(() => world.drop(database));
  const folder = await mkdtemp(join(world.folder, `${database}-`));
  await chmod(folder, 0o755); // a drill's server, which does not run as root, works in it
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const backups = join(folder, 'backups');
  const temporary = join(folder, 'tmp');
  await mkdir(temporary);
  await prepareFolder(backups);
  const prefix = `rounds/${database}/`;
  await world.copyBackups(choice.variant, choice.storage === 'local' ? { folder: backups } : { prefix });
  const env: Environment = {
    DATABASE_URL: world.server.url(database),
    BACKUP_DIR: backups,
    BACKUP_STORAGE: choice.storage,
    BACKUP_KEEP: 'daily=1',
    BACKUP_DRILL_DIR: join(folder, 'drill'),
    TMPDIR: temporary,
    ...parallelSettings,
    ...(choice.storage === 's3' ? { ...world.s3().env, BACKUP_S3_PREFIX: prefix } : {}),
  };
  await mkdir(join(folder, 'drill'));
  const [storage] = (await runIn(env)).storages;
  if (!storage) throw new Error('no storage');
  const { contents } = await world.backupsOf(choice.variant);
  return {
    world,
    choice,
    folder,
    database,
    env,
    storage,
    contents,
    newest: [...contents.keys()].at(-1) ?? '',
    keysOf: async (id) => {
      const found = (await readCatalog(storage, 'database', '')).backups.find((backup) => backup.id === id);
      return found ? [found.manifestKey, ...found.files.map(({ key }) => key)] : [];
    },
    bytesOf: async (key) =>
      choice.storage === 'local' ? readFile(join(backups, key)) : buffer(await storage.read(key)),
    replace: async (key, bytes) => {
      if (choice.storage === 's3') {
        if (bytes) return world.s3().put(`${prefix}${key}`, bytes);
        const { client, name } = world.s3();
        await client.send(new DeleteObjectCommand({ Bucket: name, Key: `${prefix}${key}` }));
      } else if (bytes) await writeFile(join(backups, key), bytes);
      else await rm(join(backups, key));
    },
  };
}
