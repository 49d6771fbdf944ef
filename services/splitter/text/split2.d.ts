// split2 4.2 comes without types. Only what is used here.
declare module "split2" {
  import type { Transform } from "node:stream";
  export default function split2(matcher: string | RegExp): Transform;
}
