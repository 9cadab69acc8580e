import { describe, expect, it } from 'vitest';
import { parseComplaint, parseListedEntry } from '../../../core/media/tar-words.js';

describe('parseListedEntry', () => {
  it.each([
    { line: '-rw-r--r-- 0/0               5 2026-11-23 15:46 ./a b', entry: ['-', 5, 'a b', undefined] },
    {
      line: '-rwsr-xr-x+ 1000/1000 1234567890123 2026-11-23 15:46 ./x',
      entry: ['-', 1234567890123, 'x', undefined],
    },
    { line: 'drwxr-xr-x 0/0               0 2026-11-23 15:46 ./', entry: ['d', 0, '.', undefined] },
    { line: 'lrwxrwxrwx 0/0               0 2026-11-23 15:46 ./l -> ../far', entry: ['l', 0, 'l', '../far'] },
    { line: 'hrw-r--r-- 0/0               0 2026-11-23 15:46 ./h link to ./a', entry: ['h', 0, 'h', './a'] },
    { line: 'crw-r--r-- 0/0             1,3 2026-11-23 15:46 ./null', entry: ['c', 0, 'null', undefined] },
    {
      line: '-rw-r--r-- 0/0 1 2026-11-23 15:46 ./\\303\\274\\n\\\\\\t',
      entry: ['-', 1, 'ü\n\\\t', undefined],
    },
  ])('$line', ({ line, entry: [type, bytes, name, target] }) => {
    expect(parseListedEntry(line)).toEqual({ type, bytes, name, target });
  });

  it.each(['tar: ./x: File removed before we read it', '', 'Total bytes written: 10'])('is none: %s', (line) => {
    expect(parseListedEntry(line)).toBeUndefined();
  });
});

describe('parseComplaint', () => {
  it.each([
    { line: 'tar: ./a: File removed before we read it', complaint: ['passing', 'a', 'vanished before it was read'] },
    { line: '/usr/bin/tar: ./a: file changed as we read it', complaint: ['passing', 'a', 'changed while it was read'] },
    {
      line: 'tar: ./a\\n: b: File shrank by 5 bytes; padding with zeros',
      complaint: ['passing', 'a\n: b', 'shrank while it was read, and ends in zeros'],
    },
    { line: 'tar: ./s: socket ignored', complaint: ['passing', 's', 'is a socket, and left out'] },
    { line: 'tar: ./a: Cannot open: Permission denied', complaint: ['unreadable', 'a', 'permission denied'] },
    {
      line: 'tar: ./a: Read error at byte 0, while reading 512 bytes: Input/output error',
      complaint: ['unreadable', 'a', 'input/output error'],
    },
  ])('$line', ({ line, complaint: [weight, name, text] }) => {
    expect(parseComplaint(line)).toEqual({ weight, name, text });
  });

  it.each(['tar: Exiting with failure status due to previous errors', '-rw-r--r-- 0/0 1 2026-11-23 15:46 ./tar: x'])(
    'is none: %s',
    (line) => {
      expect(parseComplaint(line)).toBeUndefined();
    },
  );
});
