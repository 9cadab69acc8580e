import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

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
 * A new instance of a module of ours, with a memory of its own. The modules are beside the bundle; for a program that is
 * not bundled, where the build has put them.
 *
 * @param name that of its source in `container/wasm/`
 */
export function instantiate<Exports extends Memory>(name: string): Exports {
  let module = compiled.get(name);
  if (!module) {
    const places = [`./${name}.wasm`, `../dist/${name}.wasm`].map((place) =>
      fileURLToPath(new URL(place, import.meta.url)),
    );
    const file = places.find((place) => existsSync(place));
    if (!file) throw new Error(`${places[0]} is missing: build it with "npm run build"`);
    module = new WebAssembly.Module(readFileSync(file));
    compiled.set(name, module);
  }
  return new WebAssembly.Instance(module).exports as Exports;
}
