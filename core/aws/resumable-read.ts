import { setTimeout as delay } from 'node:timers/promises';
import { GetObjectCommand, type GetObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';

/** Failures in a row, without enough bytes between them, after which a read is given up. */
const patience = 6;
/** So many bytes between two failures are enough. With one packet for each connection, a large object would take days. */
const enough = 32 * 1024;

export interface ResumableReadOptions {
  readonly firstBytes?: number | undefined;
  /** Only this version of the object is read. */
  readonly etag?: string | undefined;
  /** Told what S3 says of the object with its first bytes. */
  readonly onAnswer?: ((answer: GetObjectCommandOutput) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of an object. A connection that breaks or falls silent is opened anew where it stopped, and `If-Match` keeps
 * it the same object.
 *
 * @throws what the SDK throws, after several tries in a row brought next to nothing
 */
export async function* resumableRead(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  { firstBytes, signal, etag: expected, onAnswer }: ResumableReadOptions,
): AsyncIterable<Buffer> {
  let offset = 0;
  let etag = expected;
  let failures = 0;
  /** Bytes since the last failure. */
  let gained = 0;
  let size: number | undefined;
  while (size === undefined || offset < size) {
    try {
      const range =
        offset > 0 || firstBytes !== undefined
          ? { Range: `bytes=${offset}-${firstBytes === undefined ? '' : firstBytes - 1}` }
          : {};
      const answer = await client.send(
        new GetObjectCommand({ ...object, ...range, ...(etag ? { IfMatch: etag } : {}) }),
        signal ? { abortSignal: signal } : {},
      );
      etag ??= answer.ETag;
      if (size === undefined) onAnswer?.(answer);
      size ??= offset + (answer.ContentLength ?? 0);
      for await (const chunk of answer.Body as AsyncIterable<Buffer>) {
        offset += chunk.length;
        gained += chunk.length;
        if (gained >= enough) failures = 0;
        yield chunk;
      }
      if (offset < size) throw new Error(`the connection ended ${size - offset} bytes early`);
    } catch (error) {
      signal?.throwIfAborted();
      const status = statusOf(error);
      if (status === 416 && offset === 0) return; // an empty object has no first bytes
      if (status === 412 || (status === 416 && etag)) throw new ObjectChanged(offset);
      failures += 1;
      gained = 0;
      if (failures >= patience || !isPassing(error)) throw error;
      await delay(100 * 2 ** failures, undefined, signal ? { signal } : {});
    }
  }
}

/** Whether a second try may go better: anything but an answer that says no. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status < 400 || status >= 500 || status === 408 || status === 429;
}

function statusOf(error: unknown): number {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode ?? 0;
}

/** The object is not the one any more whose first bytes were read. */
class ObjectChanged extends Error {
  override readonly name = 'ObjectChanged';

  constructor(offset: number) {
    super(`it changed while it was being read, after ${offset} bytes`);
  }
}
