import { OperatorError } from './errors.js';

export interface S3Location {
  readonly bucket: string;
  /** A key, or a prefix. May be empty; any characters. */
  readonly key: string;
}

/** @throws OperatorError USAGE */
export function parseS3Url(url: string): S3Location {
  const match = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(url);
  if (match?.[1]) return { bucket: match[1], key: match[2] ?? '' };
  throw new OperatorError('USAGE', `"${url}" is not an S3 URL`, 'Write s3://bucket/key.');
}
