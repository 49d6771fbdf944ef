import assert from "node:assert/strict";
import { isRouterError, RouterError } from "../../../shared/errors/router-error.ts";
import { startHealthServer, type HealthCheck } from "../../../shared/runtime/health-server.ts";

const fine = () => undefined;
const failing = () => Promise.reject(new Error("down"));

async function ask(ready: Record<string, HealthCheck>, path: string, init?: RequestInit) {
  await using server = await startHealthServer({ port: 0, host: "127.0.0.1", ready, timeoutMs: 50 });
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { status: response.status, body: await response.json() };
}

describe("startHealthServer", () => {
  it("answers that the process lives, whatever its checks say", async () => {
    assert.deepEqual(await ask({ queue: failing }, "/livez"), {
      status: 200,
      body: { status: "ok", checks: {} },
    });
  });

  it("is ready when every check passes", async () => {
    assert.deepEqual(await ask({ queue: fine, warehouse: async () => fine() }, "/readyz?verbose"), {
      status: 200,
      body: { status: "ok", checks: { queue: { ok: true }, warehouse: { ok: true } } },
    });
  });

  it("says which check failed by its code, and nothing of the error's text", async () => {
    const checks: Record<string, HealthCheck> = {
      queue: fine,
      warehouse: () => Promise.reject(new RouterError("WAREHOUSE_LOCKED", "held by user:secret")),
      store: () => {
        throw new Error("secret");
      },
      slow: (signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error()))),
      stuck: () => new Promise(() => undefined),
    };

    assert.deepEqual(await ask(checks, "/readyz"), {
      status: 503,
      body: {
        status: "unavailable",
        checks: {
          queue: { ok: true },
          warehouse: { ok: false, code: "WAREHOUSE_LOCKED" },
          store: { ok: false, code: "INTERNAL" },
          slow: { ok: false, code: "TIMEOUT" },
          stuck: { ok: false, code: "TIMEOUT" },
        },
      },
    });
  });

  it("knows no other paths and methods", async () => {
    assert.equal((await ask({}, "/")).status, 404);
    assert.equal((await ask({}, "/__proto__")).status, 404);
    assert.equal((await ask({}, "/readyz", { method: "POST" })).status, 405);
  });

  it("names the port that is taken", async () => {
    await using server = await startHealthServer({ port: 0, host: "127.0.0.1", ready: {} });

    await assert.rejects(
      startHealthServer({ port: server.port, host: "127.0.0.1", ready: {} }),
      (error) => isRouterError(error, "CONFIG_INVALID") && error.message.includes(String(server.port)),
    );
  });
});
