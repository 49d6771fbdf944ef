// The exact SQL of one table's life, for a reviewer: test/fixtures/redshift/table-life.sql. UPDATE_GOLDEN=1 writes it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { newColumn, sourceRow, tableChange, testSource, unitKeyOf } from "../../contract/warehouse-parts.ts";
import { redshiftConfig } from "../../helpers/redshift-stand-in.ts";
import { openLoadBench } from "./load-helpers.ts";

const FILE = join(import.meta.dirname, "..", "..", "fixtures", "redshift", "table-life.sql");

/** Random and passing things in one form each. */
function settled(sql: string): string {
  return sql
    .replace(/\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3}\+00/g, "<time>")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<warehouse id>")
    .replace(/(loads\/[\w-]+\/)[0-9a-f]{16}/g, "$1<attempt>")
    .replace(/'[0-9a-f]{16}'/g, "'<random>'")
    .replace(/batch-\d+/g, "batch-N")
    .replace(/(revision[^=]*= |revision\), 0\) = )\d+/g, "$1<revision>")
    .replace(/, \d{6,}\)/g, ", <revision>)");
}

describe("SQL of a table's life on Redshift", () => {
  it("is what the reviewed file says", async function () {
    this.timeout(60_000);
    const config = redshiftConfig({ loader: { slots: 2 }, tables: { event_time: { "*": "at" } } });
    await using context = await openLoadBench({ config });
    const { bench, warehouse, redshift } = context;
    const chapters: string[] = [];
    const chapter = async (title: string, work: () => Promise<unknown>): Promise<void> => {
      const from = redshift.journal.length;
      await work();
      const calls = redshift.journal
        .slice(from)
        .map(({ name, sqls }) =>
          [`-- ${settled(name)}`, ...sqls.map((sql) => `${settled(sql)};`)].join("\n"),
        );
      chapters.push(`-- ${"=".repeat(20)} ${title}\n\n${calls.join("\n\n")}`);
    };
    const [source, newer] = [0, 1].map((version) => testSource("/logs/it's.json", version));
    const columns = [
      newColumn("at", "timestamptz", "at"),
      newColumn("user.id", "integer", "user_id"),
      newColumn("price", "decimal(18,2)", "price"),
      newColumn("note", "string(256)", "note"),
    ];

    await chapter("create", () => bench.createTable("orders", columns, { eventTime: ["at"] }));
    await chapter("add a column", () =>
      bench.change(tableChange("orders", { create: false, addColumns: [newColumn("tags", "json", "tags")] })),
    );
    await chapter("widen", () =>
      bench.change(
        tableChange("orders", {
          create: false,
          widen: [{ column: "note", from: "string(256)", to: "string(1024)" }],
        }),
      ),
    );
    await chapter("rewrite", () =>
      bench.change(
        tableChange("orders", {
          create: false,
          rewrite: [{ column: "user_id", from: "integer", to: "double" }],
        }),
      ),
    );
    const document = '{"at":"2026-01-05T08:00:00Z","user":{"id":7},"price":19.99,"note":"x","tags":[1]}';
    const unit = async (of: typeof source, over = {}) => ({
      ...(await bench.unit(of!, "orders", 0)),
      lines: 1,
      parts: [await bench.part(of!, "orders", [document])],
      ...over,
    });
    const direct = await context.job({ orders: [await unit(source)] });
    await chapter("load directly", () => warehouse.load(direct));
    await chapter("supersede", () => warehouse.supersede(sourceRow(newer!, { state: "loading" })));
    const staged = await context.job(
      { orders: [await unit(newer, { replaces: [unitKeyOf(source!, "orders")] })] },
      "staged",
    );
    await chapter("load staged, replacing", () => warehouse.load(staged));
    await chapter("settle", () => warehouse.settleSources([sourceRow(newer!)]));

    const text = `${chapters.join("\n\n\n")}\n`;
    if (process.env["UPDATE_GOLDEN"]) writeFileSync(FILE, text);
    assert.equal(text, readFileSync(FILE, "utf8"));
    assert.equal((await bench.lines("orders")).join(), `${newer!.id}/1`);
  });
});
