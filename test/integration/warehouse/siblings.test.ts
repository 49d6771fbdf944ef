// A direct load into several columns of one path.
import assert from "node:assert/strict";
import { newColumn } from "../../contract/warehouse-parts.ts";
import { tempWarehouse, type TempWarehouse } from "./temp-warehouse.ts";

async function table(): Promise<TempWarehouse> {
  const temp = tempWarehouse();
  await temp.createTable("t", [
    newColumn("w", "double", "w"),
    newColumn("w", "string(256)", "w_string"),
    newColumn("n", "integer", "n"),
  ]);
  return temp;
}

describe("siblings in a direct load into DuckDB", () => {
  it("each take the values that fit them, in their order", async () => {
    using temp = await table();
    const documents = [
      '{"w":1.5,"n":1}',
      '{"w":"1.5","n":2}',
      '{"w":null,"n":3}',
      '{"n":4}',
      '{"w":7,"n":5}',
    ];

    const { result } = await temp.loadDocuments("t", "direct", documents);

    assert.equal(result.kind, "loaded");
    const rows = await temp.warehouse.read.sampleRows("t", 10);
    assert.deepEqual(
      rows.map(({ w, w_string, n, _lr_rescued }) => [w, w_string, String(n), _lr_rescued]),
      [
        [1.5, null, "1", null],
        [null, "1.5", "2", null],
        [null, null, "3", null],
        [null, null, "4", null],
        [7, null, "5", null],
      ],
    );
  });

  it("refuse the load when a value fits none of them", async () => {
    using temp = await table();

    const { result } = await temp.loadDocuments("t", "direct", ['{"w":1.5}', '{"w":true}']);

    assert.equal(result.kind, "refused");
    assert.deepEqual(await temp.warehouse.read.countRows("t"), []);
  });
});
