// The part of the WebAssembly JavaScript interface that is used here: the library files that declare it are those of browsers.
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: SharedArrayBuffer;
  }
  type Module = object;
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  const Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => Memory;
  const Module: new (bytes: Uint8Array) => Module;
  const Instance: new (module: Module, imports: Readonly<Record<string, object>>) => Instance;
}
