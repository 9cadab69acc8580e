import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { folderOf } from '../core/archive-name.js';
import type { Right } from './rights.js';
import type { MediaSettings } from './settings/schema.js';
import type { Target, TargetContext } from './target.js';
import type { FilesProps } from './tasks.js';
import { vaultPrefix } from './vault.js';

/** Where an EFS file system is mounted. */
const mountPath = '/media';
const nfsPort = 2049;

/** A media tree, on EFS or in a bucket: the tasks that back it up, restore it, and prove its backups. */
export function mediaTarget(context: TargetContext, media: MediaSettings): Target {
  const { tasks, network, vault, bus, variables, drill } = context;
  const { target, cpu, memory, securityGroup, fileSystem, accessPoint, bucket, prefix } = media;
  const kind = 'media' as const;
  network.allowTo(securityGroup, nfsPort, 'respaldo backs up and restores media files');
  const folder = `${vaultPrefix}${folderOf(kind, target)}`;
  const root = bucket ? `s3://${bucket}/${prefix}` : mountPath;
  const common = {
    ...{ kind, target, cpu, memory },
    variables: {
      ...variables,
      ...(target === '' ? {} : { BACKUP_TARGET: target }),
      MEDIA_ROOT: root,
      BACKUP_COMPRESSION: media.compression,
      ...(media.exclude.length > 0 ? { BACKUP_MEDIA_EXCLUDE: media.exclude.join(',') } : {}),
    },
  };
  const files = (readOnly: boolean): { files: FilesProps } | undefined =>
    fileSystem && accessPoint ? { files: { fileSystem, accessPoint, path: mountPath, readOnly } } : undefined;
  return {
    kind,
    target,
    replaces: root,
    schedule: media.schedule,
    maxAgeHours: media.maxAgeHours,
    backup: tasks.define({
      ...common,
      ...files(true),
      job: 'backup',
      command: ['backup', '--media'],
      rights: [...mayReadMedia(tasks, media), ...vault.mayCreate(folder), bus.mayAnnounce()],
    }),
    restore: tasks.define({
      ...common,
      ...files(false),
      job: 'restore',
      command: ['restore', '--list'],
      rights: [
        ...mayReadMedia(tasks, media),
        ...mayReplaceMedia(tasks, media),
        ...vault.mayList(folder),
        ...vault.mayRead(folder),
        bus.mayAnnounce(),
      ],
    }),
    drill:
      drill &&
      tasks.define({
        // It reads as a restore does, and writes no file: what a restore is given is enough, and no disk is needed.
        ...{ kind, target, cpu, memory },
        job: 'drill',
        command: ['drill', '--media'],
        // Nothing of the live files: neither where they are nor a way to them.
        variables: { ...variables, ...(target === '' ? {} : { BACKUP_TARGET: target }) },
        rights: [...vault.mayList(folder), ...vault.mayRead(folder), ...vault.mayRecord(folder), bus.mayAnnounce()],
      }),
  };
}

function mayReadMedia(
  scope: Construct,
  { bucket, bucketKeyArn, prefix, fileSystem, accessPoint }: MediaSettings,
): Right[] {
  if (!bucket) return [onFileSystem(scope, 'elasticfilesystem:ClientMount', fileSystem, accessPoint)];
  const arn = `arn:${Stack.of(scope).partition}:s3:::${bucket}`;
  return [
    {
      actions: ['s3:ListBucket'],
      resources: [arn],
      ...(prefix === '' ? {} : { conditions: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
    },
    { actions: ['s3:GetObject'], resources: [`${arn}/${prefix}*`], wildcard: ofMedia },
    ...mayUse(bucketKeyArn, 'kms:Decrypt'),
  ];
}

function mayReplaceMedia(
  scope: Construct,
  { bucket, bucketKeyArn, prefix, fileSystem, accessPoint }: MediaSettings,
): Right[] {
  if (!bucket) return [onFileSystem(scope, 'elasticfilesystem:ClientWrite', fileSystem, accessPoint)];
  return [
    {
      actions: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:DeleteObject'],
      resources: [`arn:${Stack.of(scope).partition}:s3:::${bucket}/${prefix}*`],
      wildcard: ofMedia,
    },
    ...mayUse(bucketKeyArn, 'kms:GenerateDataKey'),
  ];
}

function mayUse(key: string | undefined, action: string): Right[] {
  return key ? [{ actions: [action], resources: [key] }] : [];
}

const ofMedia = 'The media files are all that is below their prefix, under names that the application gives them.';

function onFileSystem(scope: Construct, action: string, fileSystem = '', accessPoint = ''): Right {
  const stack = Stack.of(scope);
  const arn = (resource: string, resourceName: string) =>
    stack.formatArn({ service: 'elasticfilesystem', resource, resourceName });
  return {
    actions: [action],
    resources: [arn('file-system', fileSystem)],
    conditions: { StringEquals: { 'elasticfilesystem:AccessPointArn': arn('access-point', accessPoint) } },
  };
}
