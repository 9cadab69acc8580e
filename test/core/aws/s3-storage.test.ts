import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { always, type Choose, first } from '../../support/faults.js';
import { content, silence, threePartsIn } from '../../support/faulty-bucket.js';
import type { Fault } from '../../support/proxy.js';
import { s3Endpoint } from '../../support/s3.js';

const timeout = 180_000;

describe.skipIf(s3Endpoint() === null)('an upload', { timeout }, () => {
  it.each<{ name: string; fault: Choose; left?: number; idle?: number }>([
    {
      name: 'is asked to slow down',
      fault: (call) => (call.before < 2 && call.part !== 3 ? { answer: 503, code: 'SlowDown' } : undefined),
    },
    { name: 'has a part’s connection reset', fault: first(2, 'UploadPart', 'reset') },
    { name: 'has a part stall', fault: first(1, 'UploadPart', 'stall'), idle: silence },
    { name: 'loses the answer to a part', fault: first(2, 'UploadPart', 'lose the answer') },
    { name: 'loses the answer that completes it', fault: first(1, 'CompleteMultipartUpload', 'lose the answer') },
    { name: 'loses the answer that begins it', fault: first(1, 'CreateMultipartUpload', 'lose the answer'), left: 1 },
    {
      name: 'hears of an error in an answer of status 200',
      fault: first(1, 'CompleteMultipartUpload', { answer: 200, code: 'InternalError' }),
    },
    {
      name: 'hears of an internal error at its end',
      fault: first(2, 'CompleteMultipartUpload', { answer: 500, code: 'InternalError' }),
    },
  ])('$name, and is whole in the end', async ({ fault, left = 0, idle }) => {
    const { proxy, write, read, unfinished, storage } = await threePartsIn(idle);
    proxy.fail(fault);
    await write();
    expect((await read()).equals(content)).toBe(true);
    expect(await unfinished()).toBe(left);
    await storage.clearAbandoned('', new Date());
    expect(await unfinished()).toBe(0);
  });

  it('of one part whose answer is lost knows its own object, and nobody else’s', async () => {
    const { proxy, storage } = await threePartsIn();
    const small = (text: string) => storage.write('small', Readable.from([Buffer.from(text)]));
    proxy.fail(first(1, 'PutObject', 'lose the answer'));
    await small('mine');
    proxy.fail(first(1, 'PutObject', 'reset'));
    await expect(small('other')).rejects.toMatchObject({ code: 'ALREADY_STORED' });
  });

  it.each<{ name: string; fault: Choose; code: string; says: RegExp; hint: RegExp; left?: number; idle?: number }>([
    {
      name: 'S3 is busy through every try',
      fault: always('UploadPart', { answer: 503, code: 'SlowDown' }),
      code: 'STORAGE_FAILED',
      says: /not written: HTTP 503 SlowDown: .*tried 3 times/,
      hint: /S3 was busy or down through every try/,
    },
    {
      name: 'the upload cannot even be broken off',
      fault: (call) =>
        /^(UploadPart|Abort)/.test(call.operation) ? { answer: 500, code: 'InternalError' } : undefined,
      code: 'STORAGE_FAILED',
      says: /HTTP 500 InternalError/,
      hint: /run again/,
      left: 1,
    },
    {
      name: 'connections are reset through every try',
      fault: always('UploadPart', 'reset'),
      code: 'STORAGE_FAILED',
      says: /not written: .*tried 3 times/,
      hint: /[Rr]un again/,
    },
    {
      name: 'the server falls silent for good',
      fault: always('UploadPart', 'stall'),
      code: 'STORAGE_FAILED',
      says: /not written: TimeoutError: .*tried 3 times/,
      hint: /raise BACKUP_S3_TIMEOUT/,
      idle: 2_000,
    },
    {
      name: 'a part comes back with the wrong ETag',
      fault: (call) => (call.part === 2 ? 'wrong etag' : undefined),
      code: 'STORAGE_FAILED',
      says: /InvalidPart/,
      hint: /not the ones that were sent/,
    },
    {
      name: 'a bit of a part flips on its way',
      fault: (call) => (call.part === 2 ? 'flip a bit' : undefined),
      code: 'STORAGE_FAILED',
      says: /BadDigest/,
      hint: /not the ones that were sent/,
    },
    {
      name: 'the role may not write',
      fault: (call) => (call.part === 3 ? { answer: 403, code: 'AccessDenied' } : undefined),
      code: 'STORAGE_DENIED',
      says: /HTTP 403 AccessDenied/,
      hint: /"respaldo doctor" tries each permission/,
    },
    {
      name: 'the name is taken at the last moment',
      fault: always('CompleteMultipartUpload', { answer: 412, code: 'PreconditionFailed' }),
      code: 'ALREADY_STORED',
      says: /not written: HTTP 412/,
      hint: /Nothing is ever overwritten/,
    },
    {
      name: 'another run completes the same name',
      fault: always('CompleteMultipartUpload', { answer: 409, code: 'ConditionalRequestConflict' }),
      code: 'ALREADY_STORED',
      says: /HTTP 409/,
      hint: /Run again/,
    },
    {
      name: 'the clock is wrong',
      fault: always('CreateMultipartUpload', { answer: 403, code: 'RequestTimeTooSkewed' }),
      code: 'STORAGE_FAILED',
      says: /RequestTimeTooSkewed/,
      hint: /timedatectl set-ntp true/,
    },
  ])('fails when $name, and leaves nothing', async ({ fault, code, says, hint, left = 0, idle }) => {
    const { proxy, write, read, unfinished, bucket } = await threePartsIn(idle);
    proxy.fail(fault);
    await expect(write()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(says),
      hint: expect.stringMatching(hint),
    });
    proxy.fail(() => undefined);
    expect(await bucket.keys()).toEqual([]);
    expect(await unfinished()).toBe(left);
    if (idle !== undefined) return;
    await write();
    expect((await read()).equals(content)).toBe(true);
  });
});

/** A role that may create objects and break its uploads off, and nothing else, as a backup has it in AWS. */
const writesOnly: Choose = ({ operation }) =>
  /^(?:Head|Get|List|Delete)/.test(operation) ? { answer: 403, code: 'AccessDenied' } : undefined;

describe.skipIf(s3Endpoint() === null)('an upload by a role that may not read', { timeout }, () => {
  const archive = 'database/db_backup_20240115_120000.sql.gz';
  const manifest = 'database/db_backup_20240115_120000.manifest.json';
  const part = 'database/db_backup_20240115_120000/data/orders-16385-0001.binary.zst';
  const large = content;
  const small = content.subarray(0, 1000);
  const then =
    (...faults: Choose[]): Choose =>
    (call) =>
      faults.map((fault) => fault(call)).find((fault) => fault !== undefined);
  /** The first try is carried out unheard, and the others are answered so. */
  const lostThen =
    (fault: Fault): Choose =>
    ({ operation, before }) =>
      operation !== 'CompleteMultipartUpload' ? undefined : before === 0 ? 'lose the answer' : fault;

  it.each<{ name: string; key: string; body: Buffer; taken?: true; faults: () => Choose; ends: 'ours' | 'not ours' }>([
    {
      name: 'large; the first try was carried out, the second finds the name taken',
      ...{ key: archive, body: large, ends: 'ours' },
      faults: () => lostThen({ answer: 412, code: 'PreconditionFailed' }),
    },
    {
      name: 'large; the first try was carried out, the second finds no upload',
      ...{ key: archive, body: large, ends: 'ours' },
      faults: () => lostThen({ answer: 404, code: 'NoSuchUpload' }),
    },
    {
      name: 'large; the first try was carried out, and S3 answers the second like the first',
      ...{ key: archive, body: large, ends: 'ours' },
      faults: () => first(1, 'CompleteMultipartUpload', 'lose the answer'),
    },
    {
      name: 'small, and so one part',
      ...{ key: archive, body: small, ends: 'ours' },
      faults: () => lostThen({ answer: 412, code: 'PreconditionFailed' }),
    },
    {
      name: 'a manifest',
      ...{ key: manifest, body: small, ends: 'ours' },
      faults: () => lostThen({ answer: 412, code: 'PreconditionFailed' }),
    },
    {
      name: 'empty',
      ...{ key: archive, body: Buffer.alloc(0), ends: 'ours' },
      faults: () => lostThen({ answer: 412, code: 'PreconditionFailed' }),
    },
    {
      name: 'S3 says after a completed upload that it has broken it off',
      ...{ key: archive, body: large, ends: 'not ours' },
      faults: () =>
        then(
          lostThen({ answer: 412, code: 'PreconditionFailed' }),
          always('AbortMultipartUpload', { answer: 204, code: '' }),
        ),
    },
    {
      name: 'breaking it off fails, so nothing is known',
      ...{ key: archive, body: large, ends: 'not ours' },
      faults: () =>
        then(
          lostThen({ answer: 412, code: 'PreconditionFailed' }),
          always('AbortMultipartUpload', { answer: 500, code: 'InternalError' }),
        ),
    },
    {
      name: 'another run has the name, and the first try is answered',
      ...{ key: archive, body: large, taken: true, ends: 'not ours' },
      faults: () => () => undefined,
    },
    {
      name: 'another run has the name, and the first try did not arrive',
      ...{ key: archive, body: large, taken: true, ends: 'not ours' },
      faults: () => first(1, 'CompleteMultipartUpload', 'reset'),
    },
    {
      name: 'another run has the name, and the first refusal was lost',
      ...{ key: archive, body: small, taken: true, ends: 'not ours' },
      faults: () => first(1, 'CompleteMultipartUpload', 'lose the answer'),
    },
    {
      name: 'the very first answer is that the name is taken',
      ...{ key: archive, body: large, ends: 'not ours' },
      faults: () => always('CompleteMultipartUpload', { answer: 412, code: 'PreconditionFailed' }),
    },
    {
      name: 'the very first answer is that the name is taken, though the upload is gone',
      ...{ key: archive, body: large, ends: 'not ours' },
      faults: () =>
        then(
          always('CompleteMultipartUpload', { answer: 412, code: 'PreconditionFailed' }),
          always('AbortMultipartUpload', { answer: 404, code: 'NoSuchUpload' }),
        ),
    },
    {
      name: 'a part of a parallel dump, which is tried again under another name',
      ...{ key: part, body: small, ends: 'not ours' },
      faults: () => first(1, 'PutObject', 'lose the answer'),
    },
  ])('$name: $ends', async ({ key, body, taken, faults, ends }) => {
    const { proxy, storage, bucket, unfinished, said } = await threePartsIn();
    if (taken) await bucket.put(key, 'of another run');
    proxy.fail(then(faults(), writesOnly));
    const written = storage.write(key, Readable.from([body]), { expectedBytes: body.length });
    if (ends === 'ours') {
      await written;
      // Where S3 answers the second try like the first, there is nothing to tell.
      const refused = proxy.calls.some(({ operation }) => operation === 'HeadObject');
      expect(said).toEqual(
        refused ? [expect.stringMatching(/is stored: S3 had done it, and only its answer was lost/)] : [],
      );
      expect(await unfinished()).toBe(0);
    } else {
      await expect(written).rejects.toMatchObject({ code: 'ALREADY_STORED' });
      expect(said).toEqual([]);
    }
    proxy.fail(() => undefined);
    const stored = async () => buffer(await storage.read(key));
    if (ends === 'ours') expect((await stored()).equals(body)).toBe(true);
    if (!taken) return;
    expect(String(await stored())).toBe('of another run');
    expect(await unfinished()).toBe(0);
  });
});
