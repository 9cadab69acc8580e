import { expect, it } from 'vitest';
import { parseS3Url } from '../../core/s3-url.js';

it.each([
  ['s3://bucket', { bucket: 'bucket', key: '' }],
  ['s3://bucket/', { bucket: 'bucket', key: '' }],
  ['s3://bucket/a/b c+%.sql', { bucket: 'bucket', key: 'a/b c+%.sql' }],
  ['s3://bucket//a\nb', { bucket: 'bucket', key: '/a\nb' }],
])('%s', (url, location) => expect(parseS3Url(url)).toEqual(location));

it.each(['', 's3:', 's3://', 's3:///key', 'S3://bucket', 'http://bucket/key', ' s3://bucket'])(
  '"%s" is none',
  (url) => {
    expect(() => parseS3Url(url)).toThrow(expect.objectContaining({ code: 'USAGE', exitCode: 2 }));
  },
);
