// Finds the program's own modules without asking the file system: they name one another by relative paths with their extension, which say where
// they are. Node by itself looks at each file, and for a package.json in each folder above it: 17 ms of CPU in a start of 250 ms.
import { registerHooks } from "node:module";

/**
 * From now on in this thread, for what `import()` loads. Dispose to have Node resolve everything again. A module that is not there fails when it is
 * read, not when it is resolved.
 */
export function resolveQuickly(): Disposable {
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const { parentURL } = context;
      if (parentURL === undefined || !isOwn(specifier)) return nextResolve(specifier, context);
      return { url: new URL(specifier, parentURL).href, format: "module-typescript", shortCircuit: true };
    },
  });
  return { [Symbol.dispose]: () => hooks.deregister() };
}

function isOwn(specifier: string): boolean {
  return /^\.\.?\//.test(specifier) && specifier.endsWith(".ts");
}
