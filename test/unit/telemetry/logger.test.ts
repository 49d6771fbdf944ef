import assert from "node:assert/strict";
import { Writable } from "node:stream";
import fc from "fast-check";
import { RouterError } from "../../../shared/errors/router-error.ts";
import { createLogger, type LoggerOptions } from "../../../shared/telemetry/logger.ts";
import { redactText, redactValue } from "../../../shared/telemetry/redact.ts";

function logged(write: (log: ReturnType<typeof createLogger>) => void, options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = new Writable({
    decodeStrings: false,
    write(line: string, _encoding, done) {
      lines.push(line);
      done();
    },
  });
  write(createLogger({ service: "splitter", destination, ...options }));
  return lines;
}

function threeLevels(log: ReturnType<typeof createLogger>): void {
  log.debug("a");
  log.info("b");
  log.warn("c");
}

describe("createLogger", () => {
  it("writes JSON lines with time, level by name, service, fields and message", () => {
    const [line] = logged((log) => log.info({ event: "object_split", lines: 3 }, "split"));

    const { time, ...rest } = JSON.parse(line!);
    assert.deepEqual(rest, {
      level: "info",
      service: "splitter",
      event: "object_split",
      lines: 3,
      msg: "split",
    });
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
  });

  it("keeps to its level", () => {
    assert.equal(logged(threeLevels).length, 2);
    assert.equal(logged(threeLevels, { level: "warn" }).length, 1);
    assert.equal(logged(threeLevels, { level: "silent" }).length, 0);
  });

  it("writes errors of the project by code and details, others with their stack, both with causes", () => {
    const cause = new Error("socket closed");
    const error = new RouterError("QUEUE_FAILED", "No answer.", {
      retryable: true,
      details: { queue: "q" },
      cause,
    });
    const [first, second] = logged((log) => {
      log.error({ err: error }, "failed");
      log.error(cause);
    });

    const { err } = JSON.parse(first!);
    assert.deepEqual(Object.keys(err), ["code", "message", "retryable", "details", "cause"]);
    assert.deepEqual(err.details, { queue: "q" });
    assert.match(err.cause.stack, /socket closed[\s\S]*logger\.test/);
    assert.equal(JSON.parse(second!).err.message, "socket closed");
  });

  it("blanks credentials wherever they are", () => {
    const secret = "Tr0ub4dor";
    const lines = logged((log) => {
      log.info({ password: secret, deep: [{ AWS_SECRET_ACCESS_KEY: secret, "session-token": secret }] }, "x");
      log.info(`COPY t FROM 's3://b' CREDENTIALS 'aws_secret_access_key=${secret}'`);
      log.info({ url: `postgres://user:${secret}@host/db`, uri: new URL(`https://u:${secret}@host`) }, "x");
      log.error(
        { err: new Error(`SECRET_ACCESS_KEY '${secret}'`, { cause: new Error(`password=${secret}`) }) },
        "x",
      );
      log.error({ err: new RouterError("WAREHOUSE_FAILED", "x", { details: { password: secret } }) }, "x");
      log.error({ other: new Error(`"password": "${secret}"`) }, "x");
      log.warn({ err: new Error(`pwd: ${secret}`) });
      log.warn(new Error(`https://b.s3.amazonaws.com/k?X-Amz-Signature=${secret}&x=1`));
    });

    assert.equal(lines.length, 8);
    for (const line of lines) {
      assert.ok(!line.includes(secret), line);
      assert.match(line, /\[redacted\]/);
    }
  });

  it("leaves alone what is none", () => {
    for (const text of [
      "source split",
      "the token of the key is passed over",
      "credentials are missing, the password is wrong",
      "s3://bucket/a:b@c/d",
      "time 12:30",
    ]) {
      assert.equal(redactText(text), text);
    }
    const fields = {
      event: "x",
      key: "/var/log/passwords.log",
      bytes: 5,
      at: new Date(0),
      none: null,
      list: [1, "a"],
    };
    assert.deepEqual(redactValue(fields), fields);
  });

  it("bears any value, cyclic ones too", () => {
    const cyclic: Record<string, unknown> = {};
    cyclic["self"] = cyclic;
    assert.equal(logged((log) => log.info({ cyclic }, "x")).length, 1);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), (fields) => {
        assert.equal(logged((log) => log.info({ fields }, "x")).length, 1);
      }),
    );
  });

  it("is readable for people when asked for", () => {
    const [line] = logged((log) => log.warn({ table: "orders" }, "sibling column"), { pretty: true });

    assert.match(line!, /WARN.*sibling column[\s\S]*table: "orders"/);
  });
});
