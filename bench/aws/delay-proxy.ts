// A network between the workers and what they call: whatever is sent arrives some time later, in both directions.
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

export interface DelayProxy extends AsyncDisposable {
  readonly endpoint: string;
}

/** Passes bytes on to an HTTP endpoint of this machine, and back, each way `delayMs` later. */
export async function startDelayProxy(target: string, delayMs: number): Promise<DelayProxy> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: Number(port), host: hostname, noDelay: true, allowHalfOpen: true });
    passOn(client, upstream, delayMs);
    passOn(upstream, client, delayMs);
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Timers of the same length fire in the order of their setting, so that bytes stay in order. */
function passOn(from: Socket, to: Socket, delayMs: number): void {
  from.on("data", (bytes) => setTimeout(() => void (to.writable && to.write(bytes)), delayMs));
  from.on("end", () => setTimeout(() => to.end(), delayMs));
  from.on("error", () => to.destroy());
}
