import { readFileSync } from 'node:fs';
import { builtFile } from './built.js';

/** Node has it; its types come only with a browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Buffer) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** What every module of ours exports. */
export interface Memory {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** A number that a module exports. */
export interface Global<T extends number | bigint = number> {
  readonly value: T;
}

const compiled = new Map<string, object>();

/**
 * A new instance of a module of ours, with a memory of its own.
 *
 * @param name that of its source in `container/wasm/`
 */
export function instantiate<Exports extends Memory>(name: string): Exports {
  let module = compiled.get(name);
  if (!module) {
    module = new WebAssembly.Module(readFileSync(builtFile(`${name}.wasm`)));
    compiled.set(name, module);
  }
  return new WebAssembly.Instance(module).exports as Exports;
}
