import assert from "node:assert/strict";
import fc from "fast-check";
import { configSchema, type Config, defaultConfig } from "../../../shared/config/schema.ts";
import { assignTables, tableFor } from "../../../shared/schema/assign-tables.ts";
import type { Catalog, TableChange } from "../../../shared/schema/types.ts";
import { applyChange, emptyCatalog } from "./model.ts";

function configWith(changes: Record<string, unknown>): Config {
  return configSchema.parse(changes);
}

function withTable(
  catalog: Catalog,
  table: string,
  eventTypes: readonly string[],
  catchAll = false,
): Catalog {
  const create = !catalog.tables.has(table);
  const change: TableChange = { table, create, catchAll, eventTypes, addColumns: [], widen: [], rewrite: [] };
  return applyChange(catalog, change);
}

function tablesOf(eventTypes: readonly string[], catalog: Catalog, config: Config): Record<string, string> {
  const assigned = assignTables(eventTypes, catalog, config);
  return Object.fromEntries(eventTypes.map((name) => [name, assigned.get(name)!.table]));
}

describe("assignTables", () => {
  it("gives event types tables of their own, also when names fold", () => {
    const types = ["Security", "security", "-", "--", "22120", "a.b", "a_b", "😀", "日本", "select", "ctid"];

    assert.deepEqual(tablesOf(types, emptyCatalog(), defaultConfig()), {
      Security: "security",
      security: "security_2",
      "-": "event",
      "--": "event_2",
      "22120": "_22120",
      "a.b": "a_b",
      a_b: "a_b_2",
      "😀": "event_4",
      日本: "event_3",
      select: "select",
      ctid: "ctid_2",
    });
  });

  it("does not depend on the order of the event types", () => {
    const types = ["b", "B", "a b", "a-b", "A.B", "-", "_"];

    assert.deepEqual(
      tablesOf(types.toReversed(), emptyCatalog(), defaultConfig()),
      tablesOf(types, emptyCatalog(), defaultConfig()),
    );
  });

  it("keeps the table that the catalog has", () => {
    const catalog = withTable(emptyCatalog(), "old_name", ["orders"]);
    const config = configWith({ routes: [{ match: "orders", table: "sales" }] });

    assert.deepEqual(tableFor("orders", catalog, config), {
      table: "old_name",
      isNew: false,
      catchAll: false,
      overflow: false,
    });
  });

  it("never takes a table that the catalog does not know", () => {
    const catalog = emptyCatalog(["orders", "orders_2", "other_events", "sales"]);
    const config = configWith({ routes: [{ match: "s*", table: "sales" }] });

    assert.equal(tableFor("orders", catalog, config).table, "orders_3");
    assert.equal(tableFor("shop", catalog, config).table, "sales_2");
    assert.equal(tableFor("_lr_other", catalog, config).table, "other_events_2");
  });

  it("finds the numbered table of a route again", () => {
    const config = configWith({ routes: [{ match: "s*", table: "sales" }] });
    const catalog = withTable(emptyCatalog(["sales"]), "sales_2", ["shop"]);

    assert.deepEqual(tableFor("store", catalog, config), {
      table: "sales_2",
      isNew: false,
      catchAll: false,
      overflow: false,
    });
  });

  it("puts event types of one route into one table, with the event type of that name", () => {
    const config = configWith({ routes: [{ match: "order_*", table: "orders" }] });
    const types = ["order_created", "order_paid", "orders", "Orders"];

    assert.deepEqual(tablesOf(types, emptyCatalog(), config), {
      order_created: "orders",
      order_paid: "orders",
      orders: "orders",
      Orders: "orders_2",
    });
    assert.equal(
      tableFor("order_paid", withTable(emptyCatalog(), "orders", ["orders"]), config).table,
      "orders",
    );
  });

  it("sends catch_all routes and _lr_other to the catch-all table, which is one", () => {
    const config = configWith({ routes: [{ match: "rare_*", catch_all: true }] });
    const known = withTable(emptyCatalog(), "misc", ["_lr_other"], true);

    assert.deepEqual(tableFor("rare_a", emptyCatalog(), config), {
      table: "other_events",
      isNew: true,
      catchAll: true,
      overflow: false,
    });
    assert.equal(tableFor("_lr_other", known, config).table, "misc");
    assert.equal(tableFor("rare_a", known, config).isNew, false);
    assert.equal(tableFor("other_events", emptyCatalog(), config).table, "other_events_2");
  });

  it("sends event types beyond max_event_types to the catch-all table, routed ones aside", () => {
    const config = configWith({
      tables: { max_event_types: 3 },
      routes: [{ match: "r*", table: "routed" }],
    });
    const catalog = withTable(withTable(emptyCatalog(), "a", ["a"]), "routed", ["r1", "r2", "r3"]);
    const assigned = assignTables(["d", "c", "b", "r4", "a"], catalog, config);

    assert.deepEqual(
      [...assigned]
        .map(([name, { table, overflow }]) => `${name} ${table} ${overflow}`)
        .toSorted((a, b) => (a < b ? -1 : 1)),
      ["a a false", "b b false", "c c false", "d other_events true", "r4 routed false"],
    );
  });

  it("gives any event types tables that differ, the same each time", () => {
    const name = fc.oneof(
      fc.string({ unit: "binary", minLength: 1 }),
      fc.constantFrom("a", "A", "_lr_other", "__proto__"),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 30 }), (types) => {
        const assigned = assignTables(types, emptyCatalog(), defaultConfig());
        const own = [...assigned.values()].filter(({ catchAll }) => !catchAll);

        assert.equal(assigned.size, types.length);
        assert.equal(new Set(own.map(({ table }) => table)).size, own.length);
        for (const type of types) {
          assert.deepEqual(tableFor(type, emptyCatalog(), defaultConfig(), types), assigned.get(type));
        }
      }),
    );
  });
});
