import { type Fault, type S3Call, s3Proxy } from '../../support/proxy.js';
import type { Random } from '../../support/random.js';
import type { Operation } from '../choice.js';
import type { FaultKind } from './kind.js';

/** Calls that each operation makes. */
const calls: Record<Operation, readonly string[]> = {
  backup: ['ListObjectsV2', 'PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
  restore: ['ListObjectsV2', 'GetObject', 'GetObject'],
  'restore in place': ['ListObjectsV2', 'GetObject', 'GetObject'],
  drill: ['ListObjectsV2', 'GetObject', 'GetObject', 'PutObject'],
  verify: ['ListObjectsV2', 'GetObject', 'GetObject'],
  cleanup: ['ListObjectsV2', 'DeleteObjects', 'DeleteObjects', 'ListMultipartUploads'],
};

const answers: readonly Fault[] = [
  { answer: 500, code: 'InternalError' },
  { answer: 503, code: 'ServiceUnavailable' },
  { answer: 503, code: 'SlowDown' },
];

function connectionFault(random: Random): Fault {
  const bytes = Math.floor(2 ** (random.between(0, 2200) / 100));
  return random.pick<Fault>([
    'reset',
    'lose the answer',
    'stall',
    { resetAfter: bytes },
    { resetAfter: bytes, wrongEtag: true },
    { stallAfter: bytes },
    { delay: random.between(100, 1500) },
  ]);
}

/** The part of the upload or the bytes of the answer are not what was sent. */
function byteFault(random: Random): { readonly fault: Fault; readonly on: readonly string[] } {
  const fault = random.pick<Fault>(['cut short', 'flip a bit', 'wrong etag']);
  const on =
    fault === 'wrong etag'
      ? ['UploadPart', 'GetObject']
      : fault === 'cut short'
        ? ['GetObject']
        : ['UploadPart', 'PutObject', 'GetObject'];
  return { fault, on };
}

function s3Fault(
  name: string,
  chooseFault: (random: Random, operation: Operation) => [Fault, readonly string[]],
): FaultKind {
  return {
    name,
    fits: ({ storage, operation }) => storage === 's3' && (name !== 'S3: other bytes' || operation !== 'cleanup'),
    arm: async ({ world, choice }, random) => {
      const [fault, on] = chooseFault(random, choice.operation);
      const operation = random.pick(on);
      const silent = fault === 'stall' || (typeof fault === 'object' && 'stallAfter' in fault);
      // Once, a few times, or for good; silence costs a time-out each time.
      const times = random.pick(silent ? [1, 2] : [1, 1, 2, 3, Number.POSITIVE_INFINITY]);
      const skipped = random.between(0, 3);
      let met = 0;
      const proxy = await s3Proxy(world.s3().env.AWS_ENDPOINT_URL ?? '');
      proxy.fail((call: S3Call) => {
        if (call.operation !== operation) return undefined;
        met += 1;
        return met > skipped && met - skipped <= times ? fault : undefined;
      });
      return {
        what: `${times} times after ${skipped}: ${operation}: ${JSON.stringify(fault)}`,
        env: { AWS_ENDPOINT_URL: proxy.endpoint, BACKUP_S3_TIMEOUT: '5', BACKUP_S3_TRIES: '3' },
      };
    },
  };
}

export const s3Faults: readonly FaultKind[] = [
  s3Fault('S3: 500, 503, SlowDown', (random, operation) => [random.pick(answers), calls[operation]]),
  s3Fault('S3: connection broken or slow', (random, operation) => [connectionFault(random), calls[operation]]),
  s3Fault('S3: other bytes', (random, operation) => {
    const { fault, on } = byteFault(random);
    const common = on.filter((each) => calls[operation].includes(each));
    return common.length > 0 ? [fault, common] : ['reset', calls[operation]];
  }),
];
