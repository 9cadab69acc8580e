/** From this size on several sessions pay: below, one pg_dump is done in seconds. */
const largeBytes = 1024 ** 3;

/** The format that `auto` stands for: parallel above 1 GiB, pg_dump's custom format for all others. */
export function formatForSize(bytes: number): 'custom' | 'parallel' {
  return bytes > largeBytes ? 'parallel' : 'custom';
}
