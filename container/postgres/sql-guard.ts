import { Transform, type TransformCallback } from 'node:stream';
import { OperatorError } from '../../core/errors.js';
import { SqlReader } from './sql-reader.js';

export interface SqlGuardOptions {
  /** Leaves out ALTER … OWNER TO, GRANT, REVOKE and ALTER DEFAULT PRIVILEGES. */
  readonly withoutOwners: boolean;
  /**
   * One transaction of the caller's spans everything: BEGIN and COMMIT, which pg_dump writes around large objects, are left
   * out. So are comments on extensions, which are there already and may be somebody else's.
   */
  readonly insideTransaction: boolean;
}

const ownership = /^(?:alter\s.*\sowner\s+to\s|grant\s|revoke\s|alter\s+default\s+privileges\s)/is;
const ownTransaction = /^(?:begin|commit|end|start\s+transaction)\b/i;
const extensionComment = /^comment\s+on\s+extension\s/i;
const breaksTransaction = /^(?:rollback(?!\s+to\b)|abort|prepare\s+transaction)\b/i;
const ownershipWords = ['ALTER', 'GRANT', 'REVOKE'];
const inPlaceWords = ['BEGIN', 'COMMIT', 'END', 'START', 'COMMENT'];

/**
 * Stands between a plain SQL dump and psql. psql would run what a line such as `\! command` says, so a dump is refused
 * that has any such command; psql is started restricted already. What a {@link SqlReader} refuses is refused here.
 */
export class SqlGuard extends Transform {
  private readonly words: readonly string[];
  private readonly reader: SqlReader;

  constructor(private readonly options: SqlGuardOptions) {
    super({ readableHighWaterMark: 1024 * 1024 });
    this.words = [...(options.withoutOwners ? ownershipWords : []), ...(options.insideTransaction ? inPlaceWords : [])];
    this.reader = new SqlReader({
      holds: (skeleton) => this.mayBeLeftOut(skeleton),
      text: (piece) => this.push(piece),
      statement: (skeleton, held) => this.endStatement(skeleton, held),
      rows: (bytes) => this.push(bytes),
    });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.reader.write(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.reader.end();
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  /** Also true while too little of the first word has been read to tell: a comment before it goes as it goes. */
  private mayBeLeftOut(skeleton: string): boolean {
    if (this.words.length === 0) return false;
    const word = (/^[a-z]*/i.exec(skeleton)?.[0] ?? '').toUpperCase();
    return this.words.some((each) => (word === skeleton.toUpperCase() ? each.startsWith(word) : each === word));
  }

  private endStatement(skeleton: string, held: readonly Buffer[]): void {
    const { insideTransaction, withoutOwners } = this.options;
    if (insideTransaction && breaksTransaction.test(skeleton)) {
      throw new OperatorError(
        'ARCHIVE_UNSAFE',
        `the dump ends transactions itself (${skeleton.slice(0, 40)}), so it cannot be restored in place as a whole`,
        'Restore it without --in-place, or with --into NAME.',
      );
    }
    if (insideTransaction && (ownTransaction.test(skeleton) || extensionComment.test(skeleton))) return;
    if (withoutOwners && ownership.test(skeleton)) return;
    for (const piece of held) this.push(piece);
  }
}
