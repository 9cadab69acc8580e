/** Records of a tar's extended headers that tell what an object was. They are text, in UTF-8. */
export const objectRecords = {
  /** Its key below the prefix, exactly. */
  key: 'RESPALDO.key',
  /** S3's digest of it, by which a restore sees whether it has changed since. */
  etag: 'RESPALDO.etag',
  /** What HTTP says of it, and its own metadata, as JSON. */
  properties: 'RESPALDO.properties',
} as const;

/**
 * The name of an object in a tar, such that any tar program extracts it into the folder: the key itself where that is a
 * relative path, else with the parts that are none percent-encoded (`a//b` is `a/%/b`, `../a` is `%2E%2E/a`).
 */
export function tarNameOf(key: string): string {
  const parts = key.replaceAll('\0', '%00').split('/');
  return parts.map((part) => (part === '' ? '%' : /^\.\.?$/.test(part) ? part.replaceAll('.', '%2E') : part)).join('/');
}

/**
 * Whether a pattern of tar's `--exclude` leaves a name out: it matches from any slash on, and what is below a match too.
 * https://www.gnu.org/software/tar/manual/html_node/controlling-pattern_002dmatching.html
 */
export function excludes(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map((pattern) => {
    const source = pattern
      .replace(/[\\^$.|+(){}]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    return new RegExp(`(?:^|/)${source.replace(/\[!/g, '[^').replace(/\/$/, '')}(?:/|$)`, 's');
  });
  return (name) => expressions.some((expression) => expression.test(name));
}
