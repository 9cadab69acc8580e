/** What the program's hints call by an option, and a person with the Lambdas by something else. */
const words: readonly (readonly [option: RegExp, instead: string])[] = [
  [/--into(?: NAME| DIRECTORY)?/g, '"into"'],
  [/--as(?: NAME)?(?![\w-])/g, '"as"'],
  [/--table(?! ?=)(?![\w-])/g, '"table"'],
  [/--no-owner/g, '"noOwner": true'],
  [/--in-place/g, '"inPlace": true'],
  [/--latest/g, '"backup": "latest"'],
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
