/** PostgreSQL's names of encodings as https://encoding.spec.whatwg.org has them; both lists know others, which do not meet. */
const labels: Readonly<Record<string, string>> = {
  UTF8: 'utf-8',
  ...{
    LATIN2: 'iso-8859-2',
    LATIN3: 'iso-8859-3',
    LATIN4: 'iso-8859-4',
    LATIN5: 'windows-1254',
    LATIN6: 'iso-8859-10',
  },
  ...{ LATIN7: 'iso-8859-13', LATIN8: 'iso-8859-14', LATIN9: 'iso-8859-15', LATIN10: 'iso-8859-16' },
  ...{ ISO_8859_5: 'iso-8859-5', ISO_8859_6: 'iso-8859-6', ISO_8859_7: 'iso-8859-7', ISO_8859_8: 'iso-8859-8' },
  ...{ WIN866: 'ibm866', WIN874: 'windows-874', KOI8R: 'koi8-r', KOI8U: 'koi8-u' },
  ...{ WIN1250: 'windows-1250', WIN1251: 'windows-1251', WIN1252: 'windows-1252', WIN1253: 'windows-1253' },
  ...{ WIN1254: 'windows-1254', WIN1255: 'windows-1255', WIN1256: 'windows-1256', WIN1257: 'windows-1257' },
  ...{ WIN1258: 'windows-1258', EUC_JP: 'euc-jp', EUC_KR: 'euc-kr', EUC_CN: 'gbk', GB18030: 'gb18030' },
};

/** The text of a dump's statement. What is in an encoding that nobody here knows is read as UTF-8, as nearly all are. */
export function decodeSql(bytes: Buffer, encoding: string): string {
  if (encoding === 'LATIN1') return bytes.toString('latin1');
  const label = labels[encoding] ?? 'utf-8';
  return label === 'utf-8' ? bytes.toString('utf8') : new TextDecoder(label).decode(bytes);
}

/** The encoding that a dump says it is in: `SET client_encoding = 'UTF8'`. */
export function encodingOf(statement: string): string | undefined {
  return /^\s*(?:--[^\n]*\s+)*SET\s+client_encoding\s*(?:=|TO)\s*'([\w-]+)'/i.exec(statement)?.[1]?.toUpperCase();
}
