import { describe, it } from 'vitest';
import { expectOneLine, network } from '../../support/aws/settings.js';
import { least } from '../../support/aws/stack.js';

describe('media files', () => {
  it.each([
    {
      name: 'media without a place',
      settings: { ...least, media: [{}] },
      says: 'environments.prod.media[0]: must have one of fileSystem and bucket',
    },
    {
      name: 'the key of a bucket, without the bucket',
      settings: {
        ...least,
        network,
        media: [
          {
            ...{ fileSystem: 'fs-0123456789abcdef0', accessPoint: 'fsap-0123456789abcdef0' },
            bucketKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-0000',
          },
        ],
      },
      says: /^environments\.prod\.media\[0\]\.bucketKeyArn="arn:\S+": goes with bucket$/,
    },
    {
      name: 'a file system without an access point',
      settings: { ...least, network, media: [{ fileSystem: 'fs-0123456789abcdef0' }] },
      says: 'environments.prod.media[0].accessPoint: must name the access point through which the files are reached',
    },
    {
      name: 'a file system without a network',
      settings: { ...least, media: [{ fileSystem: 'fs-0123456789abcdef0', accessPoint: 'fsap-0123456789abcdef0' }] },
      says: 'environments.prod.media[0].fileSystem="fs-0123456789abcdef0": needs network with the vpc and subnets of its mount targets',
    },
    {
      name: 'a prefix that ends in the midst of a name',
      settings: { ...least, media: [{ bucket: 'crm-media', prefix: 'uploads' }] },
      says: 'environments.prod.media[0].prefix="uploads": must be empty or end with /, without *, ? and $',
    },
  ])('wrong: $name', ({ settings, says }) => expectOneLine(settings, says));
});
