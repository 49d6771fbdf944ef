// The end of a process whose work is done.

/**
 * Ends the process with the exit code it has. When a process is left to end by itself, Node first gives back V8's heap and every buffer, piece by piece:
 * 25 ms after 250 MB were split. The system takes it all at once.
 */
export async function endProcess(): Promise<never> {
  await written();
  process.exit();
}

/** Pipes take what was written to them in their own time; `process.exit` would not wait. */
export async function written(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((resolve) => stream.write("", () => resolve())),
    ),
  );
}
