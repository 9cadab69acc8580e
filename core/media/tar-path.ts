/**
 * Where an archive's name leads below the folder that it is extracted into: its parts, none of which is `..`. The folder
 * itself has none. Undefined for a name that leads anywhere else: absolute, upwards, or with a NUL.
 */
export function insidePath(name: string): string[] | undefined {
  if (name === '' || name.startsWith('/') || name.includes('\0')) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts;
}

/**
 * Whether a symbolic link may lead out of the folder that it is in. One that goes down and up again counts, because what
 * it goes down through may be a link itself.
 *
 * @param path the link's own parts, below the root
 */
export function leadsOut(path: readonly string[], target: string): boolean {
  if (target.startsWith('/')) return true;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const down = parts.findIndex((part) => part !== '..');
  const up = down < 0 ? parts.length : down;
  return up > path.length - 1 || parts.slice(up).includes('..');
}
