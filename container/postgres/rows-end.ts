const [newline, carriageReturn] = [0x0a, 0x0d];

/** Looks for the line `\.`, which ends a table's rows and may come in pieces. */
export class RowsEnd {
  /** The last bytes of what was looked through. Rows begin behind a line. */
  private last: Buffer = Buffer.from('\n');

  /** Looks through the next bytes. @returns the position behind the line, or undefined where it is not in them */
  find(chunk: Buffer, from: number): number | undefined {
    const end = this.across(chunk, from) ?? within(chunk, from);
    this.last = Buffer.concat([this.last, chunk.subarray(Math.max(from, (end ?? chunk.length) - 4), end)]).subarray(-4);
    return end;
  }

  /** For a line that began in what came before. */
  private across(chunk: Buffer, from: number): number | undefined {
    const joint = Buffer.concat([this.last, chunk.subarray(from, from + 4)]);
    const found = /\n\\\.\r?\n/.exec(joint.toString('latin1'));
    if (!found) return undefined;
    const end = from + found.index + found[0].length - this.last.length;
    return end > from ? end : undefined;
  }
}

function within(chunk: Buffer, from: number): number | undefined {
  for (let at = chunk.indexOf('\n\\.', from); at >= 0; at = chunk.indexOf('\n\\.', at + 1)) {
    const next = chunk[at + 3] === carriageReturn ? at + 4 : at + 3;
    if (chunk[next] === newline) return next + 1;
  }
  return undefined;
}
