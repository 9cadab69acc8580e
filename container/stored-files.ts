import { pipeline, type Transform } from 'node:stream';
import type { Compression, StoredContent } from '../core/archive-name.js';
import { suffixOf } from '../core/archive-name.js';
import type { Step } from '../core/log.js';
import type { Manifest, ManifestFile } from '../core/manifest.js';
import { archive, type Producer } from './archive.js';
import { type Arrived, type Draft, intact } from './backup.js';
import type { Run } from './run.js';
import type { Command } from './streams/command.js';
import type { Compressor } from './streams/compress.js';
import type { Encryptor } from './streams/encrypt.js';
import { runPipe } from './streams/pipe.js';
import type { Outcome } from './streams/store.js';

/** What all files of one backup have in common. */
export interface Wrapped {
  readonly run: Run;
  readonly draft: Draft;
  readonly compression: Compression;
  readonly compressor: Compressor | undefined;
  readonly encryptor: Encryptor | undefined;
}

interface FileToStore {
  /** Without suffix. */
  readonly key: string;
  readonly role: ManifestFile['role'];
  readonly content: StoredContent;
}

interface StoreOptions {
  readonly expectedBytes: number;
  readonly step: Step;
  /** Must resolve before the file may be complete. */
  readonly until?: Promise<unknown>;
}

/** The files of a backup in the making, and which storages have all of them so far. */
export class StoredFiles {
  readonly files: ManifestFile[] = [];
  readonly outcomes: Outcome[] = [];
  readonly arrived: Arrived[] = [];
  uncompressedBytes = 0;

  constructor(private readonly wrapped: Wrapped) {}

  /** Stores what a program or a stream makes, wherever all files before it arrived. */
  async add(producer: Producer, file: FileToStore, { expectedBytes, step, until }: StoreOptions): Promise<void> {
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

  /**
   * Stores what a program makes, as long as a stream of ours lets it through. It is for what is small: the raw bytes pass
   * through this process.
   */
  async addSeen(command: Command, seenBy: Transform, file: FileToStore, options: StoreOptions): Promise<void> {
    await runPipe([command], {
      signal: this.wrapped.run.signal,
      output: (stdout) => this.add({ stream: pipeline(stdout, seenBy, () => {}) }, file, options), // it gets the error
    });
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
