import assert from "node:assert/strict";
import { slotOf, slotsOf } from "../../../shared/warehouse/redshift/slots.ts";

describe("slots", () => {
  it("are the same for ever: two programs that disagree would load a unit twice", () => {
    const types = ["orders", "Orders", "", "_lr_other", "größe 😀"];
    assert.deepEqual(
      types.map((type) => slotOf(type, 8)),
      [3, 5, 2, 5, 2],
    );
  });

  it("come ascending and once", () => {
    const slots = slotsOf(
      Array.from({ length: 100 }, (_, at) => `type ${at}`),
      8,
    );
    assert.deepEqual(slots, [0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
