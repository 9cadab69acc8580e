/*
 * AssemblyScript, compiled to WebAssembly by tools/build.mjs: counts and hashes the rows of a dump, which are lines.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format": a newline in a value is written as \n, and a
 * backslash as two.
 */

import { beginHash, endHash, hashMore } from './row-hash';

const newline: i32 = 0x0a;
/** The line that ends a table's rows is these two bytes. */
const endMark: u16 = 0x2e5c;
const endLength: i32 = 3;
/** In an archive, a length is a sign and an integer. */
const lengthSize: i32 = 5;

/** The first bytes of a line of which more is to come. */
const lineStart: i32 = 1024;
/** Where a length is put together that comes in pieces. */
const lengthAt: i32 = 1040;

/** Where bytes are put, by whoever reads them. */
export const room: i32 = 4096;
export const roomBytes: i32 = 1024 * 1024;
/** For bytes that came to be elsewhere. */
export const side: i32 = room + roomBytes;
export const sideBytes: i32 = 64 * 1024;

/** Rows since {@link begin}. */
export let rows: i64 = 0;
/** The sum of their hashes, each with its newline. */
export let hashSum: u64 = 0;
/** Whether the line that ends them has come: what follows it is no row. */
export let isEnded: bool = false;
/** Whether the length of nothing has come, which ends the chunks. */
export let areChunksEnded: bool = false;

let hashing: bool = false;
/** Bytes of the line that is under way. */
let lineBytes: i32 = 0;
/** Bytes of the chunk that is under way which are still to come. */
let chunkLeft: i32 = 0;
let lengthBytes: i32 = 0;

/** To be called before each table's rows. */
export function begin(hashes: bool): void {
  hashing = hashes;
  lineBytes = 0;
  rows = 0;
  hashSum = 0;
  isEnded = false;
  areChunksEnded = false;
}

/** Takes bytes, from one address up to another. A line may come in pieces. */
export function take(from: i32, to: i32): void {
  let at = from;
  while (at < to && !isEnded) {
    const end = endOfLine(at, to);
    if (end < to) endLine(at, end + 1);
    else beginLine(at, to);
    at = end + 1;
  }
}

/**
 * Takes bytes of chunks, each with its length before it, from one address up to another, until the chunks are ended.
 *
 * @returns the address of the first byte that was not taken; 0 where there is no length where one is due
 */
export function takeChunks(from: i32, to: i32): i32 {
  let at = from;
  while (at < to && !areChunksEnded) {
    if (chunkLeft > 0) {
      const size = min(chunkLeft, to - at);
      take(at, at + size);
      chunkLeft -= size;
      at += size;
      continue;
    }
    store<u8>(lengthAt + lengthBytes, load<u8>(at));
    lengthBytes += 1;
    at += 1;
    if (lengthBytes < lengthSize) continue;
    lengthBytes = 0;
    chunkLeft = load<i32>(lengthAt + 1);
    if (load<u8>(lengthAt) !== 0 || chunkLeft < 0) return 0;
    areChunksEnded = chunkLeft === 0;
  }
  return at;
}

function beginLine(from: i32, to: i32): void {
  if (lineBytes === 0 && hashing) beginHash();
  for (let at = from; at < to && lineBytes + (at - from) < 2; at += 1)
    store<u8>(lineStart + lineBytes + (at - from), load<u8>(at));
  lineBytes += to - from;
  if (hashing) hashMore(from, to - from);
}

function endLine(from: i32, behind: i32): void {
  beginLine(from, behind);
  isEnded = lineBytes === endLength && load<u16>(lineStart) === endMark;
  lineBytes = 0;
  if (isEnded) return;
  rows += 1;
  if (hashing) hashSum += endHash();
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
