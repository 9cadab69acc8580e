import { pipeline, type Readable } from 'node:stream';
import type { Step } from '../core/log.js';
import type { ManifestFile } from '../core/manifest.js';
import type { Storage } from '../core/storage.js';
import type { Command, CommandResult } from './streams/command.js';
import type { Compressor } from './streams/compress.js';
import type { Encryptor } from './streams/encrypt.js';
import { runPipe } from './streams/pipe.js';
import { uncompressedBytes, WriteWatch } from './streams/raw-bytes.js';
import { type Outcome, type Stored, storeEverywhere } from './streams/store.js';
import { Tap } from './streams/tap.js';

/** Makes the bytes: a program, perhaps with one that its output passes through, or a stream of our own. */
export type Producer =
  | { readonly command: Command; readonly filter?: Command | undefined }
  | { readonly stream: Readable };

export interface ArchiveOptions {
  readonly key: string;
  readonly role: ManifestFile['role'];
  readonly storages: readonly Storage[];
  readonly compressor: Compressor | undefined;
  readonly encryptor: Encryptor | undefined;
  readonly expectedBytes: number;
  /** Must resolve before the archive may be complete; its failure is the archive's. */
  readonly until?: Promise<unknown>;
  readonly stallMilliseconds: number;
  readonly signal: AbortSignal;
  readonly step: Step;
}

export interface Archived {
  readonly file: ManifestFile;
  readonly uncompressedBytes: number;
  readonly outcomes: readonly Outcome[];
  /** How the producing program ended and what it said; undefined for a stream. */
  readonly producer: CommandResult | undefined;
}

/**
 * Stores what a producer makes: compressed, encrypted, digested, in every storage at once. The system joins a producing
 * program and the compressor, so raw bytes never pass through this process; the compressed ones do.
 */
export async function archive(producer: Producer, options: ArchiveOptions): Promise<Archived> {
  const { key, role, compressor, encryptor, signal, step } = options;
  const watch = new WriteWatch();
  const raw = new Tap();
  const compressed = new Tap(options.until);
  let toStore: Readable | undefined;
  const store = (stream: Readable): Promise<Stored> => {
    toStore = stream;
    return storeEverywhere(stream, key, options.storages, options);
  };
  const encryptAndStore = async (stream: Readable): Promise<Stored> => {
    const bytes = through(stream, compressed);
    return encryptor
      ? (await runPipe([encryptor.command], { input: bytes, output: store, signal })).value
      : store(bytes);
  };
  const ticker = setInterval(() => {
    step.update(Math.max(watch.bytes, raw.bytes, compressed.bytes));
    if (toStore && toStore.readableLength > 0) step.excuse?.(); // it waits for a storage, which has limits of its own
  }, 250);
  ticker.unref();
  try {
    const made = await ('command' in producer
      ? runPipe([producer.command, ...commandsOf(producer.filter), ...commandsOf(compressor?.command)], {
          output: encryptAndStore,
          signal,
          onStarted: watch.start,
        })
      : compressor
        ? runPipe([compressor.command], { input: through(producer.stream, raw), output: encryptAndStore, signal })
        : { value: await encryptAndStore(producer.stream), results: [] });
    const { bytes, sha256, outcomes } = made.value;
    const last = made.results.at(-1);
    return {
      file: { key, role, bytes, sha256 },
      uncompressedBytes:
        compressor && last ? raw.bytes || uncompressedBytes(last, compressed.tail, watch.bytes) : compressed.bytes,
      outcomes,
      producer: 'command' in producer ? made.results[0] : undefined,
    };
  } finally {
    clearInterval(ticker);
    watch.stop();
  }
}

function commandsOf(command: Command | undefined): Command[] {
  return command ? [command] : [];
}

/** Joins two streams so that an error of either reaches the reader. */
function through(stream: Readable, tap: Tap): Readable {
  return pipeline(stream, tap, () => {}); // the reader of the tap gets the error
}
