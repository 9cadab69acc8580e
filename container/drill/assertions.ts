import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { messageOf, OperatorError } from '../../core/errors.js';
import { isServerGone } from '../postgres/server-errors.js';

export interface AssertionResult {
  /** Statements that were run. */
  readonly assertions: number;
  readonly failures: readonly string[];
}

/**
 * Runs the users' own assertions. Each statement must succeed, and no row that it returns may hold a false.
 *
 * @throws OperatorError SETTINGS_INVALID where the file cannot be read; pg.DatabaseError where the server went away
 */
export async function runAssertions(client: pg.Client, path: string): Promise<AssertionResult> {
  let sql: string;
  try {
    sql = await readFile(path, 'utf8');
  } catch (cause) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      `the drill’s assertions cannot be read: ${messageOf(cause)}`,
      'Correct BACKUP_DRILL_SQL or --sql.',
      { cause },
    );
  }
  try {
    // Several statements at once give an array, which the driver's types do not tell.
    const answered = (await client.query({ text: sql, rowMode: 'array' })) as unknown;
    const results = (Array.isArray(answered) ? answered : [answered]) as pg.QueryArrayResult[];
    return { assertions: results.length, failures: results.flatMap(falseRows) };
  } catch (error) {
    // 42501, a right that is missing, is not of the data: the drill says what to do.
    if (!(error instanceof pg.DatabaseError) || isServerGone(error) || error.code === '42501') throw error;
    return { assertions: 0, failures: [`assertion: ${error.message}`] };
  }
}

function falseRows({ rows, fields }: pg.QueryArrayResult, index: number): string[] {
  const columns = new Set<string>();
  for (const row of rows) {
    for (const [at, value] of row.entries()) if (value === false) columns.add(fields[at]?.name ?? String(at));
  }
  return [...columns].map((column) => `assertion ${index + 1}: "${column}" is false`);
}
