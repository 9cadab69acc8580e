import type { Anomaly } from '../core/anomalies.js';
import type { Manifest } from '../core/manifest.js';

/*
 * What a backup and each kind of restore end in. Types alone: who uses the service from code then needs no types of
 * what a run works with, such as the server's client.
 */

export interface BackupResult {
  readonly manifest: Manifest;
  /** What is odd about it, beside the one before. */
  readonly anomalies: readonly Anomaly[];
  /** Stored bytes of all its files together. */
  readonly bytes: number;
  /** Where it is complete. */
  readonly storedIn: readonly string[];
  /** Where it is not, and why. */
  readonly failures: readonly StorageFailure[];
}

export interface StorageFailure {
  readonly storage: string;
  readonly error: unknown;
}

export interface DatabaseRestoreResult {
  readonly database: string;
  /** The database that was in service before; undefined where there was none. */
  readonly kept: string | undefined;
  readonly tables: number;
  readonly rows: number;
  /** False where no manifest said what the result should be. */
  readonly compared: boolean;
}

export interface MediaRestoreResult {
  readonly into: string;
  /** Where the files are that were in service before; undefined where there were none. */
  readonly kept: string | undefined;
  readonly files: number;
  readonly bytes: number;
  /** False where no manifest said what the result should be. */
  readonly compared: boolean;
}

/** How a table was compared with what the manifest says of it. */
export type TableComparison = 'row by row' | 'by number of rows' | 'with nothing';

export interface TableRestoreResult {
  readonly database: string;
  /** As it is called in the backup. */
  readonly table: { readonly schema: string; readonly name: string };
  /** What it came back as; in the same schema. */
  readonly as: { readonly schema: string; readonly name: string };
  readonly rows: number;
  readonly compared: TableComparison;
  /** What did not come along, in words: foreign keys, triggers, and what the server refused. */
  readonly leftOut: readonly string[];
}
