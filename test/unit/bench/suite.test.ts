import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCase, type Case, type Contestant } from "../../../bench/harness/suite.ts";

const contestant = (id: string, command: string, more: Partial<Contestant> = {}): Contestant => ({
  id,
  title: id,
  command,
  check: async () => undefined,
  ...more,
});

const caseOf = (...contestants: Contestant[]): Case => ({
  id: "case",
  title: "Case",
  input: { name: "none", files: 1, stored_bytes: 1, raw_bytes: 1, lines: 1, event_types: 1 },
  variables: { FILE: "a file" },
  baseline: contestants[0]!.id,
  contestants,
});

const run = (of: Case, rounds: number, warmUp = true) => runCase(of, { rounds, warmUp }, {}, () => undefined);

describe("runCase", () => {
  it("runs everybody once a round in turns, after one that does not count, each in an empty folder", async () => {
    const order: string[] = [];
    const noting = (id: string): Contestant =>
      contestant(id, 'test -z "$(ls "$OUT")" && echo "$FILE" > "$OUT/made"', {
        prepare: async () => void order.push(id),
        check: async (out) => {
          assert.deepEqual(await readdir(out), ["made"]);
          order.push(`${id} checked`);
        },
      });

    const result = await run(caseOf(noting("a"), noting("b")), 2);

    assert.deepEqual(order, ["a", "a checked", "b", "b checked", "a", "b", "b", "a"]);
    assert.deepEqual(
      result.contestants.map(({ samples }) => samples.length),
      [2, 2],
    );
  });

  it("stops when a check fails, also of a tool that may fail", async () => {
    const wrong = contestant("wrong", "true", {
      mayFail: true,
      check: () => Promise.reject(new Error("lost a line")),
    });

    await assert.rejects(run(caseOf(wrong), 1), /lost a line/);
    await assert.rejects(run(caseOf(wrong), 1, false), /lost a line/);
  });

  it("says of a tool that cannot do it what it said, without the scratch folder's name", async () => {
    const unable = contestant("unable", 'echo "cannot write $OUT/x"; exit 1', { mayFail: true });

    const result = await run(caseOf(contestant("able", "true"), unable), 1);

    assert.equal(result.contestants[1]?.absent, "failed: cannot write $OUT/x");
    assert.deepEqual(result.contestants[1]?.samples, []);
    await assert.rejects(run(caseOf(contestant("ours", "exit 1")), 1), /failed \(1\)/);
  });

  it("leaves out what is not installed, and does not count preparations", async () => {
    const missing = contestant("missing", "exit 1", { detect: () => ({ absent: "not installed" }) });
    const prepared = contestant("prepared", 'test -f "$OUT/ready"', {
      prepare: (out) => writeFile(join(out, "ready"), ""),
    });

    const result = await run(caseOf(prepared, missing), 1);

    assert.equal(result.contestants[1]?.absent, "not installed");
    assert.equal(result.contestants[0]?.samples.length, 1);
  });
});
