import type { Compression, StoredContent } from '../core/archive-name.js';
import { suffixOf } from '../core/archive-name.js';
import type { Step } from '../core/log.js';
import type { Manifest, ManifestFile } from '../core/manifest.js';
import { archive, type Producer } from './archive.js';
import { type Arrived, type Draft, intact } from './backup.js';
import type { Run } from './run.js';
import type { Compressor } from './streams/compress.js';
import type { Encryptor } from './streams/encrypt.js';
import type { Outcome } from './streams/store.js';

/** What all files of one backup have in common. */
export interface Wrapped {
  readonly run: Run;
  readonly draft: Draft;
  readonly compression: Compression;
  readonly compressor: Compressor | undefined;
  readonly encryptor: Encryptor | undefined;
}

/** The files of a backup in the making, and which storages have all of them so far. */
export class StoredFiles {
  readonly files: ManifestFile[] = [];
  readonly outcomes: Outcome[] = [];
  readonly arrived: Arrived[] = [];
  uncompressedBytes = 0;

  constructor(private readonly wrapped: Wrapped) {}

  /**
   * Stores what a program or a stream makes, wherever all files before it arrived.
   *
   * @param until must resolve before the file may be complete
   */
  async add(
    producer: Producer,
    file: { readonly key: string; readonly role: ManifestFile['role']; readonly content: StoredContent },
    {
      expectedBytes,
      step,
      until,
    }: { readonly expectedBytes: number; readonly step: Step; readonly until?: Promise<unknown> },
  ): Promise<void> {
    const { draft, encryptor, compressor, compression, run } = this.wrapped;
    const wrapping = { content: file.content, compression, encryption: encryptor?.method ?? 'none' } as const;
    const archived = await archive(producer, {
      key: `${file.key}${suffixOf(wrapping)}`,
      role: file.role,
      storages: intact(draft, this.outcomes),
      compressor,
      encryptor,
      expectedBytes,
      ...(until ? { until } : {}),
      stallMilliseconds: run.settings.BACKUP_STALL_MINUTES * 60_000,
      signal: run.signal,
      step,
    });
    this.take(archived.file, archived.outcomes, archived.uncompressedBytes);
  }

  take(file: ManifestFile, outcomes: readonly Outcome[], uncompressedBytes: number): void {
    this.files.push(file);
    this.outcomes.push(...outcomes);
    for (const { storage, error } of outcomes) if (!error) this.arrived.push({ key: file.key, storage });
    this.uncompressedBytes += uncompressedBytes;
  }

  /** The manifest of these files, finished now; what it tells of the database or the media files is added to it. */
  manifest(format: Manifest['format']): Manifest {
    const { run, draft, compression, compressor, encryptor } = this.wrapped;
    return {
      schemaVersion: 1,
      id: draft.id,
      kind: draft.kind,
      target: draft.target,
      program: { name: 'respaldo', version: run.version },
      startedAt: draft.startedAt.toISOString(),
      finishedAt: run.now().toISOString(),
      format,
      compression: { method: compression, ...(compressor ? { program: compressor.command.name } : {}) },
      encryption: encryptor ? { method: encryptor.method, recipients: [...encryptor.recipients] } : { method: 'none' },
      files: this.files,
      uncompressedBytes: this.uncompressedBytes,
      warnings: [],
    };
  }
}
