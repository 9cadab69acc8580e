import type { Fault, S3Call } from './proxy.js';

/** Chooses what goes wrong with a call. */
export type Choose = (call: S3Call) => Fault | undefined;

/** The first so many calls of an operation, whatever the key. */
export function first(count: number, operation: string, fault: Fault): Choose {
  let left = count;
  return (call) => {
    if (call.operation !== operation || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

export function always(operation: string, fault: Fault): Choose {
  return first(Number.POSITIVE_INFINITY, operation, fault);
}

/** The first so many reads of objects whose key ends so. */
export function reading(suffix: string, count: number, fault: Fault): Choose {
  return ({ operation, key, before }) =>
    operation === 'GetObject' && key.endsWith(suffix) && before < count ? fault : undefined;
}
