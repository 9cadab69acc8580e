import { createHash } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ObjectProperties } from './upload.js';

/** Parts that are on their way at once. With the one being filled, memory is one more than this times the part's size. */
const concurrency = 3;

export interface PartsOptions {
  readonly nativeChecksums: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The parts of one multipart upload, several on their way at once. The upload begins with the first of them. */
export class UploadParts {
  private uploadId: string | undefined;
  private readonly sent: Promise<CompletedPart>[] = [];
  private readonly inFlight = new Set<Promise<unknown>>();
  private failure: unknown;

  constructor(
    private readonly client: S3Client,
    private readonly object: ObjectProperties,
    private readonly options: PartsOptions,
  ) {}

  /** The upload's id at S3, which nobody else knows; undefined before it has begun. */
  get id(): string | undefined {
    return this.uploadId;
  }

  /** Throws what a part on its way has failed with: whatever comes after it is in vain. */
  assertWell(): void {
    if (this.failure) throw this.failure;
  }

  /** Sends the next part; returns when there is room for another one. */
  async send(body: Buffer): Promise<void> {
    this.uploadId ??= await this.begin();
    const part = this.sendOne(body, this.sent.length + 1);
    this.sent.push(part);
    const settled: Promise<unknown> = part.then(
      () => this.inFlight.delete(settled),
      (error) => {
        this.failure ??= error;
        this.inFlight.delete(settled);
      },
    );
    this.inFlight.add(settled);
    while (this.inFlight.size >= concurrency) await Promise.race(this.inFlight);
    this.assertWell();
  }

  /** All of them, when they have arrived, as S3 wants to be told in the end. */
  arrived(): Promise<CompletedPart[]> {
    return Promise.all(this.sent);
  }

  /** Takes back what was sent. Fails never: the bucket's lifecycle and cleanup clear what stays. */
  async abort(): Promise<void> {
    await Promise.all(this.inFlight);
    const { Bucket, Key } = this.object;
    if (this.uploadId)
      await this.client
        .send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: this.uploadId }))
        .catch(() => undefined);
  }

  private async begin(): Promise<string | undefined> {
    const { nativeChecksums, signal } = this.options;
    const checksums = nativeChecksums
      ? ({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const)
      : undefined;
    const command = new CreateMultipartUploadCommand({ ...this.object, ...checksums });
    const { UploadId } = await this.client.send(command, abortedBy(signal));
    return UploadId;
  }

  private async sendOne(body: Buffer, number: number): Promise<CompletedPart> {
    const { nativeChecksums, signal } = this.options;
    const { Bucket, Key } = this.object;
    const command = new UploadPartCommand({
      ...{ Bucket, Key, UploadId: this.uploadId, PartNumber: number, Body: body },
      ...integrityOf(body, nativeChecksums),
    });
    const { ETag, ChecksumCRC32 } = await this.client.send(command, abortedBy(signal));
    return { PartNumber: number, ETag, ...(ChecksumCRC32 ? { ChecksumCRC32 } : {}) };
  }
}

/** What lets S3 notice that bytes have changed on their way to it. */
export function integrityOf(body: Buffer, nativeChecksums: boolean) {
  return nativeChecksums
    ? { ChecksumAlgorithm: 'CRC32' as const }
    : { ContentMD5: createHash('md5').update(body).digest('base64') };
}

/** A request's options. */
export function abortedBy(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}
