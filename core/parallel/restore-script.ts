import { posix } from 'node:path';
import type { Encryption } from '../archive-name.js';
import type { DatabaseFacts, ManifestFile } from '../manifest.js';
import { createdbOptions, localeOf } from '../postgres/create-database.js';
import { type SqlNames, sqlNames } from '../postgres/sql-names.js';

const decrypt: Record<Encryption, string> = {
  none: 'cat',
  age: `age --decrypt --identity "\${AGE_IDENTITY:?set AGE_IDENTITY to the file with the secret key}"`,
  gpg: 'gpg --batch --quiet --decrypt',
};

/**
 * A script that restores a parallel backup without respaldo: with psql, pg_restore and zstd, and the program that
 * decrypts where it is encrypted. It stands in the backup's own folder, as the last of its files.
 *
 * @param base the keys' common beginning
 */
export function restoreScript(
  base: string,
  files: readonly ManifestFile[],
  database: DatabaseFacts,
  encryption: Encryption,
): string {
  const local = (file: ManifestFile) => shellQuoted(posix.relative(base, file.key));
  const one = (role: ManifestFile['role']) => files.find((file) => file.role === role);
  const schema = one('schema');
  const small = one('small');
  const sums = files.map((file) => `${file.sha256}  ${posix.relative(base, file.key)}`);
  const parts = files.flatMap((file) =>
    file.part ? [`load ${local(file)} ${shellQuoted(copyIn(file.part, sqlNames(database.encoding)))}`] : [],
  );
  return `#!/bin/sh
# Restores the backup in this folder into a new, empty database, without respaldo:
#
#   createdb ${comment(createdbOptions(localeOf(database)).map(shellQuoted).join(' '))} NAME && sh restore.sh NAME
#
# Needs psql and pg_restore of PostgreSQL ${Number.parseInt(database.serverVersion, 10)} or later, zstd${encryption === 'none' ? '' : `, and ${encryption} with the secret key`}. libpq's variables (PGHOST, PGUSER, …) say where.
# Dumped from "${comment(database.name)}" of PostgreSQL ${database.serverVersion}. Roles that own something must exist.
set -eu
cd -- "$(dirname -- "$0")"
export PGDATABASE="\${1:?usage: sh restore.sh DATABASE}"
ENCODING=${shellQuoted(database.encoding)}

if command -v sha256sum >/dev/null; then
  sha256sum --quiet --check <<'SUMS'
${sums.join('\n')}
SUMS
fi

# A part that cannot be read leaves a mark, because sh does not look at the front of a pipe.
failed=$(mktemp) && rm -f "$failed"
unpack() { { ${decrypt[encryption]} <"$1" || : >"$failed"; } | { zstd -dqc || : >"$failed"; }; }
check() { if [ -e "$failed" ]; then rm -f "$failed"; echo "restore.sh: $1 could not be read" >&2; exit 1; fi; }
restore() { file=$1; shift; unpack "$file" | pg_restore --exit-on-error --dbname="dbname='$(printf %s "$PGDATABASE" | sed "s/[\\\\']/\\\\\\\\&/g")'" "$@"; check "$file"; }
load() { unpack "$1" | PGCLIENTENCODING="$ENCODING" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --command "$2"; check "$1"; }

restore ${schema ? local(schema) : ''} --section=pre-data
${parts.join('\n')}
restore ${small ? local(small) : ''} --section=data
restore ${schema ? local(schema) : ''} --section=post-data
echo "restored into $PGDATABASE"
`;
}

/** The statement that takes a part back. */
export function copyIn(
  { schema, table, columns, format }: NonNullable<ManifestFile['part']>,
  names: SqlNames,
  options = '',
): string {
  return `COPY ${names.table({ schema, name: table })} (${columns.map(names.identifier).join(', ')}) FROM STDIN (FORMAT ${format}${options})`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function comment(text: string): string {
  return text.replaceAll(/[\r\n]/g, ' ');
}
