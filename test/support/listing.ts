/**
 * The bytes of a name that stands in a listing, one Latin-1 character a byte: UTF-8, but
 * for `\xff`, a byte of no UTF-8, and `\\`, a backslash.
 */
export function bytesOf(shown: string): string {
  return shown
    .split(/(\\\\|\\x[0-9a-f]{2})/)
    .map((part) => {
      if (part === '\\\\') return '\\';
      if (part.startsWith('\\x')) return String.fromCharCode(Number.parseInt(part.slice(2), 16));
      return Buffer.from(part).toString('latin1');
    })
    .join('');
}
