// Credentials that expire under running workers, for each service by itself: refused until they are renewed, then all goes on. The workers
// get them as containers do, from an endpoint that is asked again when they are about to expire.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { jsonRefusal, s3Refusal, type ArmedFault } from "../../../helpers/fault-proxy.ts";
import type { FaultLab } from "../fault-lab.ts";
import { eventLines, process, putter, rowCounts, terminate, until } from "./common.ts";

const REFUSALS = {
  s3: s3Refusal(400, "ExpiredToken"),
  sqs: jsonRefusal(403, "com.amazon.coral.service#ExpiredTokenException"),
  data: jsonRefusal(400, "ExpiredTokenException"),
} as const;

export async function expiredCredentials(lab: FaultLab): Promise<void> {
  await using endpoint = await startEndpoint();
  const env = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: endpoint.url,
    // What could not be deleted is delivered again soon.
    LOG_ROUTER_SPLITTER_VISIBILITY_SECONDS: "8",
    LOG_ROUTER_LOADER_VISIBILITY_SECONDS: "8",
  };
  const workers = [process(lab, "splitter", env), process(lab, "loader", env)];
  const put = putter(lab);
  try {
    await lab.loaded(await put(eventLines("a")));
    for (const service of ["s3", "sqs", "data"] as const) {
      const refused = expire(lab, service, endpoint.accessKey());
      const source = await put(eventLines("a", "b"));
      await until(`${service} to refuse`, () => refused.hits > 0);
      assert.notEqual(await lab.state(source.id), "loaded");

      endpoint.renew();

      await lab.loaded(source);
      assert.deepEqual(await rowCounts(lab, source), { a: 3, b: 3 });
    }
    await lab.quiet();
    for (const worker of workers) assert.equal(worker.hasEnded, false, worker.log);
  } finally {
    for (const worker of workers)
      if (!worker.hasEnded) assert.equal((await terminate(worker)).end, 0, worker.log);
  }
}

/** From now on the service refuses whatever is signed with this key. */
function expire(lab: FaultLab, service: keyof typeof REFUSALS, accessKey: string): ArmedFault {
  return lab[service].arm({
    effect: REFUSALS[service],
    match: ({ headers }) => String(headers.authorization).includes(`Credential=${accessKey}/`),
    times: Infinity,
  });
}

async function startEndpoint() {
  let number = 1;
  const accessKey = (): string => `KEY-${number}`;
  const server = createServer((_, response) => {
    // Less than five minutes before they expire, the SDK asks again.
    const Expiration = new Date(Date.now() + 60_000).toISOString();
    const credentials = { AccessKeyId: accessKey(), SecretAccessKey: "secret", Token: "token", Expiration };
    response.setHeader("content-type", "application/json").end(JSON.stringify(credentials));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/credentials`,
    accessKey,
    renew: () => void (number += 1),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
