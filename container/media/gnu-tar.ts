import type { ListableEntry } from '../../core/media/listing.js';
import { damaged } from './tar-entries.js';

/** Told of what a tar holds, in order. */
export interface TarVisitor {
  begin(entry: ListableEntry): void;
  /** A piece of the entry's body. It may be overwritten when this returns. */
  body(bytes: Buffer): void;
  end(): void;
}

const blockBytes = 512;
/** By their letters: https://www.gnu.org/software/tar/manual/html_node/Standard.html */
const types: Readonly<Record<string, string>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
  '7': 'contiguous-file',
};
/** Entries that hold the next one's long name, or where it leads. */
const long = { name: 'L', link: 'K' } as const;

/**
 * Reads a tar as GNU tar writes it with `--format=gnu`, as it comes and without waiting: the general reader takes longer
 * for 20,000 small files than tar itself. Restores and drills use that one; a drill compares what both have read.
 */
export class GnuTarReader {
  private header = Buffer.alloc(blockBytes);
  private headerBytes = 0;
  /** Bytes of the body, and of the zeros that fill its last block, that are still to come. */
  private bodyLeft = 0;
  private fillLeft = 0;
  private longName: string | undefined;
  private longLink: string | undefined;
  /** The entry whose body comes is one of {@link long}. */
  private longType: 'L' | 'K' | undefined;
  private longBody = '';
  private isOver = false;

  constructor(private readonly visitor: TarVisitor) {}

  /** @throws OperatorError ARCHIVE_CORRUPT */
  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.isOver; ) {
      if (this.bodyLeft > 0) at += this.takeBody(chunk.subarray(at, at + this.bodyLeft));
      else if (this.fillLeft > 0) {
        const fill = Math.min(this.fillLeft, chunk.length - at);
        this.fillLeft -= fill;
        at += fill;
      } else at += this.takeHeader(chunk, at);
    }
  }

  /** @throws OperatorError ARCHIVE_CORRUPT where more should have come */
  end(): void {
    if (!this.isOver) throw damaged('it is cut short');
  }

  private takeHeader(chunk: Buffer, at: number): number {
    const bytes = chunk.copy(this.header, this.headerBytes, at, at + blockBytes - this.headerBytes);
    this.headerBytes += bytes;
    if (this.headerBytes < blockBytes) return bytes;
    this.headerBytes = 0;
    if (this.header.every((byte) => byte === 0)) this.isOver = true;
    else this.begin();
    return bytes;
  }

  private begin(): void {
    const { header } = this;
    if (number(header, 148, 8) !== checksum(header)) throw damaged('a header’s checksum is wrong');
    const letter = String.fromCharCode(header[156] ?? 0);
    const size = number(header, 124, 12);
    this.bodyLeft = size;
    this.fillLeft = (blockBytes - (size % blockBytes)) % blockBytes;
    if (letter === long.name || letter === long.link) {
      this.longType = letter;
      return;
    }
    this.visitor.begin({
      name: this.longName ?? text(header, 0, 100),
      link: this.longLink ?? text(header, 157, 100),
      type: types[letter],
      bytes: size,
      mode: number(header, 100, 8),
    });
    this.longName = undefined;
    this.longLink = undefined;
    if (size === 0) this.visitor.end();
  }

  private takeBody(bytes: Buffer): number {
    this.bodyLeft -= bytes.length;
    if (this.longType === undefined) this.visitor.body(bytes);
    else this.longBody += bytes.toString('latin1');
    if (this.bodyLeft === 0) this.endBody();
    return bytes.length;
  }

  private endBody(): void {
    if (this.longType === undefined) {
      this.visitor.end();
      return;
    }
    const value = this.longBody.replace(/\0.*$/s, '');
    if (this.longType === long.name) this.longName = value;
    else this.longLink = value;
    this.longType = undefined;
    this.longBody = '';
  }
}

/** Up to its first zero, one Latin-1 character a byte. */
function text(header: Buffer, at: number, length: number): string {
  const end = header.indexOf(0, at);
  return header.toString('latin1', at, end < 0 || end > at + length ? at + length : end);
}

/** Octal digits; or, where these do not suffice, the number itself behind a first byte of 128. */
function number(header: Buffer, at: number, length: number): number {
  if (header[at] === 0x80) return Number(header.readBigUInt64BE(at + length - 8));
  const value = Number.parseInt(text(header, at, length).trim(), 8);
  if (Number.isNaN(value)) throw damaged('a header holds no number where there should be one');
  return value;
}

/** All bytes added up, those of the checksum itself taken for blanks. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < blockBytes; at += 1) if (at < 148 || at >= 156) sum += header[at] ?? 0;
  return sum;
}
