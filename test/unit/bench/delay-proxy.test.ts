import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { startDelayProxy } from "../../../bench/aws/delay-proxy.ts";

const DELAY_MS = 20;

describe("delay proxy", () => {
  it("passes bytes on whole and in order, each way later, to the end of both", async () => {
    const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
    await once(echo.listen(0, "127.0.0.1"), "listening");
    const { port } = echo.address() as AddressInfo;
    const sent = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    const received: Buffer[] = [];
    {
      await using proxy = await startDelayProxy(`http://127.0.0.1:${port}`, DELAY_MS);
      const started = performance.now();
      const client = connect({ port: Number(new URL(proxy.endpoint).port), host: "127.0.0.1" });
      for (let at = 0; at < sent.length; at += 7001) client.write(sent.subarray(at, at + 7001));
      client.end();
      for await (const bytes of client) received.push(bytes as Buffer);

      // A timer may be a millisecond early.
      assert.ok(performance.now() - started >= 2 * DELAY_MS - 2);
    }
    assert.ok(Buffer.concat(received).equals(sent));
    await new Promise((resolve) => echo.close(resolve));
  });
});
