import { expect, it } from 'vitest';
import { isName, isTypedName } from '../../../core/postgres/name.js';

it.each([
  { text: 'crm', name: true, typed: true },
  { text: 'a"p$p ü \'x', name: true, typed: true },
  { text: 'a'.repeat(63), name: true, typed: true },
  { text: 'a'.repeat(64), name: false, typed: false },
  { text: 'ü'.repeat(32), name: false, typed: false },
  { text: '', name: false, typed: false },
  { text: 'a\0b', name: false, typed: false },
  { text: 'a\nb', name: true, typed: false },
])('%j', ({ text, name, typed }) => {
  expect([isName(text), isTypedName(text)]).toEqual([name, typed]);
});
