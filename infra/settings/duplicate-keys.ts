import { parseDocument } from 'yaml';
import { OperatorError } from '../../core/errors.js';

/** The keys that stand twice in one object: JSON passes over the first, with the database that it may name. */
function duplicateKeys(json: string): { readonly line: number; readonly key: string }[] {
  // JSON is YAML too, whose parser minds.
  return parseDocument(json, { uniqueKeys: true }).errors.flatMap(({ code, pos: [start], linePos }) => {
    if (code !== 'DUPLICATE_KEY') return [];
    const key = /^"(?:[^"\\]|\\.)*"/.exec(json.slice(start))?.[0] ?? '';
    return [{ line: linePos?.[0].line ?? 0, key }];
  });
}

/**
 * @param json the text of cdk.json
 * @throws OperatorError SETTINGS_INVALID naming the line of each key that stands twice
 */
export function assertUniqueKeys(json: string): void {
  const twice = duplicateKeys(json);
  if (twice.length === 0) return;
  const lines = twice.map(
    ({ line, key }) => `cdk.json, line ${line}: ${key} stands there twice, and the first is passed over`,
  );
  throw new OperatorError(
    'SETTINGS_INVALID',
    lines.length === 1 ? `${lines[0]}` : `${lines.length} keys of cdk.json stand there twice:\n  ${lines.join('\n  ')}`,
    'Take one of the two out, or put both into one list: "databases": [{ … }, { … }].',
  );
}
