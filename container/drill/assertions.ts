import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { messageOf, OperatorError, saidBy } from '../../core/errors.js';
import type { Said } from '../../core/postgres/server-message.js';
import type { Settings } from '../../core/settings.js';
import { isServerGone } from '../postgres/server-errors.js';

export interface AssertionResult {
  /** Statements that were run. */
  readonly assertions: number;
  readonly failures: readonly Said[];
}

/**
 * The users' own assertions: those of the file, and those that the settings hold themselves. Read before a restore, which
 * may take hours, and not after it.
 *
 * @param path of the file, instead of BACKUP_DRILL_SQL
 * @returns undefined where there are none
 * @throws OperatorError SETTINGS_INVALID where the file cannot be read
 */
export async function readAssertions(
  settings: Pick<Settings, 'BACKUP_DRILL_SQL' | 'BACKUP_DRILL_ASSERTIONS'>,
  path = settings.BACKUP_DRILL_SQL,
): Promise<string | undefined> {
  const texts = [path && (await readText(path)), settings.BACKUP_DRILL_ASSERTIONS].filter(Boolean);
  // The last statement of the first may lack its semicolon, and stand before a comment.
  return texts.length > 0 ? texts.join('\n;\n') : undefined;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new OperatorError(
      'SETTINGS_INVALID',
      `the drill’s assertions cannot be read: ${messageOf(cause)}`,
      'Correct BACKUP_DRILL_SQL or --sql.',
      { cause },
    );
  }
}

/**
 * Each statement must succeed, and no row that it returns may hold a false.
 *
 * @throws OperatorError SETTINGS_INVALID for what is no SQL, which tells nothing of the data
 */
export async function runAssertions(client: pg.Client, sql: string): Promise<AssertionResult> {
  try {
    // Several statements at once give an array, which the driver's types do not tell.
    const answered = (await client.query({ text: sql, rowMode: 'array' })) as unknown;
    const results = (Array.isArray(answered) ? answered : [answered]) as pg.QueryArrayResult[];
    return { assertions: results.length, failures: results.flatMap(falseRows) };
  } catch (error) {
    // 42501, a right that is missing, is not of the data: the drill says what to do.
    if (!(error instanceof pg.DatabaseError) || isServerGone(error) || error.code === '42501') throw error;
    if (error.code === '42601') {
      throw OperatorError.passingOn(
        'SETTINGS_INVALID',
        saidBy(error),
        (said) => `the drill’s assertions are no SQL that the server understands: ${said}`,
        'Correct BACKUP_DRILL_SQL, --sql or BACKUP_DRILL_ASSERTIONS and drill again. Nothing was found against the backup.',
        { cause: error },
      );
    }
    const { told, inFull } = saidBy(error);
    return { assertions: 0, failures: [{ told: `assertion: ${told}`, inFull: `assertion: ${inFull}` }] };
  }
}

function falseRows({ rows, fields }: pg.QueryArrayResult, index: number): Said[] {
  const columns = new Set<string>();
  for (const row of rows) {
    for (const [at, value] of row.entries()) if (value === false) columns.add(fields[at]?.name ?? String(at));
  }
  return [...columns].map((column) => {
    const text = `assertion ${index + 1}: "${column}" is false`;
    return { told: text, inFull: text };
  });
}
