import { resolveQuickly } from "../../../shared/runtime/quick-resolve.ts";

resolveQuickly();
await import("./scan-worker.ts");
