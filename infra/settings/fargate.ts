/** Memory in MiB that goes with each number of CPU units: least, most, and step. */
const pairs: Record<number, readonly [least: number, most: number, step: number]> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192],
};

/**
 * What is wrong with a size for Fargate; undefined where there is such a size.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
 */
export function wrongSize(
  cpu: number,
  memory: number,
): { readonly field: 'cpu' | 'memory'; readonly allowed: string } | undefined {
  if (cpu === 256) {
    return [512, 1024, 2048].includes(memory)
      ? undefined
      : { field: 'memory', allowed: 'must be 512, 1024 or 2048 with cpu 256' };
  }
  const pair = pairs[cpu];
  if (!pair) return { field: 'cpu', allowed: `must be one of 256, ${Object.keys(pairs).join(', ')}` };
  const [least, most, step] = pair;
  if (memory >= least && memory <= most && (memory - least) % step === 0) return undefined;
  return { field: 'memory', allowed: `must be ${least} to ${most} in steps of ${step} with cpu ${cpu}` };
}
