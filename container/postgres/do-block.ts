import { randomBytes } from 'node:crypto';

/** A DO statement in PL/pgSQL, whose quoting no name within it can end, whatever it is. */
export function doBlock(declarations: string, body: string): string {
  const tag = `$do_${randomBytes(8).toString('hex')}$`;
  return `DO ${tag}
DECLARE
  ${declarations}
BEGIN
  ${body}
END
${tag};`;
}
