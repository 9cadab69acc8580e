import { describe, expect, it } from 'vitest';
import { insidePath, leadsOut } from '../../../core/media/tar-path.js';

describe('insidePath', () => {
  it.each([
    { name: './a/b', path: ['a', 'b'] },
    { name: 'a//b/', path: ['a', 'b'] },
    { name: './', path: [] },
    { name: '...', path: ['...'] },
    { name: 'a\\..\\b', path: ['a\\..\\b'] },
    { name: '/etc/passwd', path: undefined },
    { name: '../a', path: undefined },
    { name: 'a/../../b', path: undefined },
    { name: 'a/..', path: undefined },
    { name: 'a\0b', path: undefined },
    { name: '', path: undefined },
  ])('$name', ({ name, path }) => expect(insidePath(name)).toEqual(path));
});

describe('leadsOut', () => {
  it.each([
    { path: 'a/link', target: '../b', out: false },
    { path: 'a/link', target: './../b/c', out: false },
    { path: 'a/link', target: 'c/../b', out: true },
    { path: 'link', target: '.', out: false },
    { path: 'a/link', target: '../../b', out: true },
    { path: 'a/link', target: '../../a/b', out: true },
    { path: 'link', target: '/a', out: true },
  ])('$path -> $target', ({ path, target, out }) => expect(leadsOut(path.split('/'), target)).toBe(out));
});
