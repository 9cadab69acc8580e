import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { messageOf } from '../../core/errors.js';

/** A task definition may have 64 KiB with everything in it: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html */
const mostBytes = 32 * 1024;

/**
 * SQL that a drill runs in the restored database: the text itself, or a file of it, which is read here, beside cdk.json.
 * What a drill could only fail with, months later, is told now.
 */
export const assertions = z.string({ error: 'must be SQL, or the path of a .sql file' }).transform((given, context) => {
  try {
    const sql = isPath(given) ? readFileSync(given, 'utf8') : given;
    const message = wrongSql(sql);
    if (message === undefined) return sql;
    context.addIssue({ code: 'custom', message });
  } catch (error) {
    context.addIssue({
      code: 'custom',
      message: `cannot be read, seen from the folder of cdk.json: ${messageOf(error)}`,
    });
  }
  return z.NEVER;
});

/** One word that ends with .sql is no statement. */
function isPath(given: string): boolean {
  return /^\S+\.sql$/i.test(given);
}

function wrongSql(sql: string): string | undefined {
  const bytes = Buffer.byteLength(sql);
  if (bytes > mostBytes)
    return `has ${bytes} bytes; ${mostBytes} at most go into a task definition: keep what tells most, or put long conditions into functions of the database`;
  if (sql.includes('\0')) return 'must be text, without NUL characters';
  // A word alone is a file without its ending, or a slip.
  if (!/\S\s+\S|\S\(/.test(sql.replace(/--[^\n]*|\/\*.*?\*\/|;/gs, ' ')))
    return 'must hold a statement of SQL, like SELECT count(*) > 0 FROM customers, or be the path of a .sql file';
  const command = sql.split('\n').findIndex((line) => /^\s*\\[a-z!?]/i.test(line));
  return command < 0 ? undefined : `line ${command + 1} is a command of psql’s; only SQL can be run`;
}
