import type { Problem } from './problem.js';
import type { EnvironmentSettings } from './schema.js';

interface Arn {
  readonly path: readonly PropertyKey[];
  readonly arn: string;
}

/** What cannot be reached from where it is deployed. A secret may be in another region, a key may not. */
export function wrongPlaces(settings: EnvironmentSettings): Problem[] {
  const { region, vault, databases } = settings;
  const arns = arnsOf(settings);
  const home = region ?? regionOf(arns[0]?.arn ?? '');
  const problems = arns.flatMap((each) => otherPartition(each, home));
  for (const [index, { secretArn, secretKeyArn }] of databases.entries()) {
    if (secretArn && secretKeyArn && regionOf(secretArn) !== regionOf(secretKeyArn))
      problems.push({
        path: ['databases', index, 'secretKeyArn'],
        value: secretKeyArn,
        allowed: `must be of the secret’s region, ${regionOf(secretArn)}`,
      });
  }
  const { replication } = vault;
  for (const { path, arn } of keysOfVault(vault)) {
    if (region && regionOf(arn) !== region)
      problems.push({ path, value: arn, allowed: `must be a key of the vault’s region, ${region}` });
  }
  if (region && replication && partitionOf(replication.region) !== partitionOf(region))
    problems.push({
      path: ['vault', 'replication', 'region'],
      value: replication.region,
      allowed: `must be in the partition of ${region}, ${partitionOf(region)}: S3 copies to no other`,
    });
  return problems;
}

function keysOfVault({ encryption, formerKeys }: EnvironmentSettings['vault']): Arn[] {
  const former = formerKeys.map((arn, index) => ({ path: ['vault', 'formerKeys', index], arn }));
  return encryption.startsWith('arn:') ? [{ path: ['vault', 'encryption'], arn: encryption }, ...former] : former;
}

function arnsOf({ databases, media, vault, alerts }: EnvironmentSettings): Arn[] {
  const given: { readonly path: readonly PropertyKey[]; readonly arn: string | undefined }[] = [
    ...databases.flatMap(({ secretArn, secretKeyArn }, index) => [
      { path: ['databases', index, 'secretArn'], arn: secretArn },
      { path: ['databases', index, 'secretKeyArn'], arn: secretKeyArn },
    ]),
    ...media.map(({ bucketKeyArn }, index) => ({ path: ['media', index, 'bucketKeyArn'], arn: bucketKeyArn })),
    ...keysOfVault(vault),
    { path: ['alerts', 'sentryDsnSecretArn'], arn: alerts.sentryDsnSecretArn },
  ];
  return given.flatMap(({ path, arn }) => (arn === undefined ? [] : [{ path, arn }]));
}

function otherPartition({ path, arn }: Arn, home: string): Problem[] {
  const partition = arn.split(':')[1];
  const wrong = [regionOf(arn), home].find((each) => partitionOf(each) !== partition);
  if (wrong === undefined) return [];
  return [{ path, value: arn, allowed: `must be in the partition of ${wrong}, ${partitionOf(wrong)}` }];
}

function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
function partitionOf(region: string): string {
  const special = {
    'cn-': 'aws-cn',
    'us-gov-': 'aws-us-gov',
    'us-iso-': 'aws-iso',
    'us-isob-': 'aws-iso-b',
    'eusc-': 'aws-eusc',
  };
  return Object.entries(special).find(([start]) => region.startsWith(start))?.[1] ?? 'aws';
}
