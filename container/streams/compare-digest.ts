import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { OperatorError } from '../../core/errors.js';

export interface ExpectedBytes {
  readonly key: string;
  readonly bytes: number;
  /** Undefined where nothing vouches for the bytes: then everything is let through. */
  readonly sha256: string | undefined;
}

/**
 * Lets stored bytes through and ends only if they are the ones expected; otherwise it is destroyed with DIGEST_DIFFERS.
 *
 * @param id the backup that they belong to, for the message
 * @param onBytes told how many have passed
 */
export function compareDigest(
  expected: ExpectedBytes,
  id: string,
  onBytes: (bytes: number) => void = () => {},
): Transform {
  const hash = createHash('sha256');
  let bytes = 0;
  return new Transform({
    highWaterMark: 1024 * 1024,
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      bytes += chunk.length;
      onBytes(bytes);
      done(null, chunk);
    },
    flush: (done) => done(difference(expected, id, bytes, hash.digest('hex'))),
  });
}

function difference(expected: ExpectedBytes, id: string, bytes: number, sha256: string): OperatorError | null {
  if (expected.sha256 === undefined || (bytes === expected.bytes && sha256 === expected.sha256)) return null;
  const what =
    bytes === expected.bytes
      ? `its SHA-256 is ${sha256}, the manifest says ${expected.sha256}`
      : `it has ${bytes} bytes, the manifest says ${expected.bytes}`;
  return new OperatorError(
    'DIGEST_DIFFERS',
    `${expected.key} of ${id} is not what was backed up: ${what}`,
    'The archive is damaged. Use another backup: respaldo list, then respaldo verify --all.',
  );
}
