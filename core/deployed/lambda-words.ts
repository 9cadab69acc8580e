/** What the program's hints call by an option, and a person with the Lambdas by something else. */
const words: readonly (readonly [option: RegExp, instead: string])[] = [
  [/--into(?: NAME| DIRECTORY)?/g, '"into"'],
  [/--as(?: NAME)?(?![\w-])/g, '"as"'],
  [/--table(?! ?=)(?![\w-])/g, '"table"'],
  [/--no-owner/g, '"noOwner": true'],
  [/--in-place/g, '"inPlace": true'],
  [/--latest/g, '"backup": "latest"'],
  [
    /respaldo drill \S+ --as-superuser \(BACKUP_DRILL_AS_SUPERUSER=true\)/g,
    '"drill": { "asSuperuser": true } in cdk.json',
  ],
  [/Set BACKUP_DRILL_DIR to a folder on a larger disk/g, 'Raise "disk" of "drill" in cdk.json'],
  [/BACKUP_DATABASE_SECRET_ARN/g, '"secretArn" in cdk.json'],
  [/DATABASE_URL or PG(?:USER|PASSWORD)/g, 'the secret'],
  [/DATABASE_URL or PGHOST/g, '"host" in cdk.json'],
  [/DATABASE_URL or PGDATABASE/g, '"name" in cdk.json'],
  [/Give DATABASE_URL/g, 'Give "host" and "port" in cdk.json'],
  [/MEDIA_ROOT/g, '"bucket" or "fileSystem" in cdk.json'],
  [/(BACKUP_(?:LOCK_TIMEOUT|STALL_MINUTES|S3_TIMEOUT))/g, '"variables": { "$1": … } in cdk.json'],
  [/(BACKUP_FINGERPRINT)=(\w+)/g, '"variables": { "$1": "$2" } in cdk.json'],
  [/respaldo list/g, 'restore, sent {}'],
  [/respaldo restore (?:--media )?(\S+\w)/g, 'restore, sent { "backup": "$1" }'],
  [/respaldo backup --(database|media)/g, 'start-backup, sent { "kind": "$1" }'],
];

/**
 * A hint of the program's for whoever can only send JSON to the Lambdas: at three in the morning, "--into" is one riddle
 * too many.
 */
export function inLambdaWords(hint: string): string {
  return words.reduce((text, [option, instead]) => text.replace(option, instead), hint);
}
