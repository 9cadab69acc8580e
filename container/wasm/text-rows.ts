/*
 * AssemblyScript, compiled to WebAssembly by tools/build.mjs: counts and hashes the rows of a plain dump, which are lines.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format": a newline in a value is written as \n.
 */

import { beginHash, endHash, hashMore } from './row-hash';

const newline: i32 = 0x0a;

/** Where bytes are put, by whoever reads them. */
export const room: i32 = 4096;
export const roomBytes: i32 = 1024 * 1024;
/** For bytes that came to be elsewhere. */
export const side: i32 = room + roomBytes;
export const sideBytes: i32 = 64 * 1024;

/** Lines since {@link begin}. */
export let lines: i64 = 0;
/** The sum of their hashes, each with its newline. */
export let hashSum: u64 = 0;
/** The hash of the newest line. */
export let newest: u64 = 0;

let hashing: bool = false;
let isUnderWay: bool = false;

/** To be called before each table's rows. */
export function begin(hashes: bool): void {
  hashing = hashes;
  isUnderWay = false;
  lines = 0;
  hashSum = 0;
  newest = 0;
}

/** Takes bytes, from one address up to another. A line may come in pieces. */
export function take(from: i32, to: i32): void {
  let at = from;
  while (at < to) {
    const end = endOfLine(at, to);
    const isWhole = end < to;
    const behind = isWhole ? end + 1 : to;
    if (hashing) {
      if (!isUnderWay) beginHash();
      hashMore(at, behind - at);
      if (isWhole) {
        newest = endHash();
        hashSum += newest;
      }
    }
    if (isWhole) lines += 1;
    isUnderWay = !isWhole;
    at = behind;
  }
}

/** The address of the next newline, or `to`. */
function endOfLine(from: i32, to: i32): i32 {
  let at = from;
  const wanted = i8x16.splat(<i8>newline);
  for (; at + 16 <= to; at += 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
    if (found !== 0) return at + ctz(found);
  }
  while (at < to && load<u8>(at) !== newline) at += 1;
  return at;
}
