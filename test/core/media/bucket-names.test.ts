import { describe, expect, it } from 'vitest';
import { excludes, tarNameOf } from '../../../core/media/bucket-names.js';
import { insidePath } from '../../../core/media/tar-path.js';

describe('tarNameOf', () => {
  it.each([
    { key: 'a/ü\n.jpg', name: 'a/ü\n.jpg' },
    { key: '/a', name: '%/a' },
    { key: '../a', name: '%2E%2E/a' },
    { key: 'a/./b//c/', name: 'a/%2E/b/%/c/%' },
    { key: '', name: '%' },
    { key: 'a\0b', name: 'a%00b' },
  ])('$key', ({ key, name }) => {
    expect(tarNameOf(key)).toBe(name);
    expect(insidePath(name)?.join('/')).toBe(name);
  });
});

describe('excludes', () => {
  it.each([
    { pattern: '*.tmp', name: 'a/b.tmp', out: true },
    { pattern: '*.tmp', name: 'a/b.tmpx', out: false },
    { pattern: 'cache', name: 'a/cache/b', out: true },
    { pattern: 'cache/', name: 'cache/b', out: true },
    { pattern: 'cache', name: 'a/mycache/b', out: false },
    { pattern: 'a/b', name: 'x/a/b', out: true },
    { pattern: '[!a]?c', name: 'xbc', out: true },
    { pattern: '[!a]?c', name: 'abc', out: false },
    { pattern: 'a.c', name: 'abc', out: false },
  ])('$pattern leaves $name out: $out', ({ pattern, name, out }) => expect(excludes([pattern])(name)).toBe(out));
});
