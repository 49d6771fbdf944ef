// `/livez` (the process answers) and `/readyz` (it can work), for orchestrators.
import { createServer } from "node:http";
import { once } from "node:events";
import type { Logger } from "pino";
import { RouterError } from "../../shared/errors/router-error.ts";

/** Listens on all addresses; nothing without a port. Dispose to stop. Throws USAGE when the port is taken. */
export async function serveHealth(
  port: number | undefined,
  isReady: () => boolean,
  log: Logger,
): Promise<AsyncDisposable> {
  if (port === undefined) return { [Symbol.asyncDispose]: () => Promise.resolve() };
  const server = createServer((request, response) => {
    const path = request.url?.split("?", 1)[0];
    const good = path === "/livez" || (path === "/readyz" && isReady());
    const status = good ? 200 : path === "/readyz" ? 503 : 404;
    response.writeHead(status, { "content-type": "text/plain" }).end(good ? "ok\n" : "not ready\n");
  });
  try {
    server.listen(port);
    await once(server, "listening");
  } catch (cause) {
    throw new RouterError("USAGE", `--health-port ${port} cannot be used: ${String(cause)}`, { cause });
  }
  const address = server.address();
  log.info({ event: "health_listening", port: typeof address === "object" ? address?.port : port }, "health");
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
