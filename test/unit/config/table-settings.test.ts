import assert from "node:assert/strict";
import { configSchema, defaultConfig } from "../../../shared/config/schema.ts";
import { tableSettings } from "../../../shared/config/table-settings.ts";

describe("tableSettings", () => {
  it("is empty by default", () => {
    assert.deepEqual(tableSettings(defaultConfig(), "constructor"), { types: [], exclude: [], hash: [] });
  });

  it("joins what the exact event type and the globs say, the exact one first", () => {
    const config = configSchema.parse({
      types: {
        "order_*": { amount: "double", at: "timestamp" },
        order_created: { amount: "decimal(18,2)", '["a.b"]': "json" },
        other: { amount: "integer" },
      },
      exclude: { "*": ["password", ["a.b"]], order_created: ["card.number", "password"] },
      hash: { "order_?reated": ["email"] },
      tables: { event_time: { "*": "ts", order_created: ["created.at"] } },
    });

    assert.deepEqual(tableSettings(config, "order_created"), {
      types: [
        { path: ["amount"], type: "decimal(18,2)" },
        { path: ["a.b"], type: "json" },
        { path: ["at"], type: "timestamp" },
      ],
      exclude: [["card", "number"], ["password"], ["a.b"]],
      hash: [["email"]],
      eventTime: ["created.at"],
    });
    assert.deepEqual(tableSettings(config, "x").eventTime, ["ts"]);
  });
});
