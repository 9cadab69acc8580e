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
 * Whether a symbolic link leads out of the folder that it is in.
 *
 * @param path the link's own parts, below the root
 */
export function leadsOut(path: readonly string[], target: string): boolean {
  if (target.startsWith('/')) return true;
  let depth = path.length - 1;
  for (const part of target.split('/')) {
    if (part === '..') depth -= 1;
    else if (part !== '' && part !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}
