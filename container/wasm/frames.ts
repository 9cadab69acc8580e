/*
 * AssemblyScript, compiled to WebAssembly by tools/build.mjs: takes the protocol's frames off the rows of a COPY. Done in
 * JavaScript, every row costs a call. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

import { beginHash, endHash, hashMore } from './row-hash';

const copyData: i32 = 0x64;
const headerLength: i32 = 5;
/** Copies may run over their end by this much: both rooms have it behind them. */
const slack: i32 = 64;
/** From here on, the engine's own way of copying is faster than words one by one. */
const longCopy: i32 = 64;

const header: i32 = 1024;
/** Where received bytes are put. */
export const input: i32 = 4096;
export const inputBytes: i32 = 256 * 1024;
/** Where rows are collected; when fewer than `inputBytes` are left of it, it has to be emptied. */
export const output: i32 = input + inputBytes + slack;
export const outputBytes: i32 = 2048 * 1024;

/** Of the message that is under way; 0 where its first five bytes are not all there yet. */
export let type: i32 = 0;
/** Bytes of it that are still to come. */
export let left: i32 = 0;
/** Bytes in the output. */
export let filled: i32 = 0;

/** Rows that have been hashed since {@link begin}. */
export let hashedRows: i64 = 0;
/** The sum of their hashes. */
export let hashSum: u64 = 0;

/** Signature, flags and the length of an extension that nobody has: https://www.postgresql.org/docs/current/sql-copy.html */
const binaryHeaderLength: i32 = 19;

let headerBytes: i32 = 0;
let hashing: bool = false;
/** Bytes to come that are of no row. */
let beforeRows: i32 = 0;
/** Bytes of the row that is under way, and its first two. */
let rowBytes: i64 = 0;
let rowStart: u16 = 0;

/** To be called before each COPY: whether its rows are to be hashed, and in which form they come. */
export function begin(hashes: bool, isBinary: bool): void {
  hashing = hashes;
  beforeRows = isBinary ? binaryHeaderLength : 0;
  hashedRows = 0;
  hashSum = 0;
  rowBytes = 0;
}

/** To be called when the output has been emptied. */
export function emptied(): void {
  filled = 0;
}

/** To be called when the caller has read `bytes` of a message that is not rows. */
export function skipped(bytes: i32): void {
  left -= bytes;
}

/**
 * Takes rows out of the input, from one address up to another, until a message of another type begins: that one's
 * `left` bytes are the caller's to read.
 *
 * @returns the address of the first byte that was not taken
 */
export function take(from: i32, to: i32): i32 {
  let at = from;
  let out = output + filled;
  while (at < to) {
    if (left === 0) at = readHeader(at, to);
    if (type !== copyData) break;
    const size = min(left, to - at);
    if (hashing) hash(at, size);
    copy(out, at, size);
    out += size;
    at += size;
    left -= size;
  }
  filled = out - output;
  return at;
}

/** A message of rows holds one row; in binary form the first begins with a header, and the last may be a trailer. */
function hash(from: i32, size: i32): void {
  const before = min(beforeRows, size);
  beforeRows -= before;
  const at = from + before;
  const bytes = size - before;
  if (bytes > 0) {
    if (rowBytes === 0) beginHash();
    for (let index: i32 = 0; index < bytes && rowBytes + index < 2; index += 1)
      rowStart = (rowStart << 8) | load<u8>(at + index);
    rowBytes += bytes;
    hashMore(at, bytes);
  }
  if (size < left || rowBytes === 0) return;
  const isTrailer = rowBytes === 2 && rowStart === 0xffff;
  rowBytes = 0;
  if (isTrailer) return;
  hashedRows += 1;
  hashSum += endHash();
}

/** The header may come in pieces. */
function readHeader(from: i32, to: i32): i32 {
  const size = min(headerLength - headerBytes, to - from);
  copy(header + headerBytes, from, size);
  headerBytes += size;
  if (headerBytes < headerLength) {
    type = 0;
  } else {
    headerBytes = 0;
    type = load<u8>(header);
    left = bswap<i32>(load<i32>(header + 1)) - 4;
  }
  return from + size;
}

function copy(to: i32, from: i32, size: i32): void {
  if (size > longCopy) {
    memory.copy(to, from, size);
    return;
  }
  for (let at: i32 = 0; at < size; at += 8) store<i64>(to + at, load<i64>(from + at));
}
