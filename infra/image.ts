import { Stack } from 'aws-cdk-lib';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage, CpuArchitecture, OperatingSystemFamily, type RuntimePlatform } from 'aws-cdk-lib/aws-ecs';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { allow } from './rights.js';
import type { EnvironmentSettings } from './settings/schema.js';

const root = new URL('..', import.meta.url).pathname;

/** The image that the settings name; else the one that `cdk deploy` builds from container/Dockerfile. */
export function containerImage({ image, architecture }: EnvironmentSettings): ContainerImage {
  return image ? ContainerImage.fromRegistry(image) : builtImage(architecture, {});
}

/** The same with PostgreSQL's servers in it, which drills restore into. Who names an image builds it, servers and all. */
export function drillImage({ image: common, drill, architecture }: EnvironmentSettings): ContainerImage {
  const { image = common, majors } = drill;
  if (image) return ContainerImage.fromRegistry(image);
  return builtImage(architecture, { PG_PROGRAMS: 'server', PG_MAJORS: majors.join(' ') });
}

function builtImage(architecture: EnvironmentSettings['architecture'], buildArgs: Record<string, string>) {
  return ContainerImage.fromAsset(root, {
    buildArgs,
    file: 'container/Dockerfile',
    platform: architecture === 'ARM64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
  });
}

export function runtimePlatform({ architecture }: EnvironmentSettings): RuntimePlatform {
  return {
    cpuArchitecture: architecture === 'ARM64' ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
    operatingSystemFamily: OperatingSystemFamily.LINUX,
  };
}

/** An image asset brings its own rights to pull it; one that is named in a private registry of ECR needs them here. */
export function allowPull(role: Role, { image, drill }: EnvironmentSettings): void {
  for (const each of new Set([image, drill.image])) allowPullOf(role, each);
}

function allowPullOf(role: Role, image: string | undefined): void {
  const [, account, region, repository] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/.exec(image ?? '') ?? [];
  if (!account || !region || !repository) return;
  const repositoryArn = `arn:${Stack.of(role).partition}:ecr:${region}:${account}:repository/${repository}`;
  allow(role, [
    {
      actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      resources: [repositoryArn],
    },
    { actions: ['ecr:GetAuthorizationToken'], resources: ['*'] },
  ]);
}
