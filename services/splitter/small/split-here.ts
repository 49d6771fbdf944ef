// The usual small source in the calling thread, where no other is worth it: one after the other, so that no more than one is in memory expanded.
import type { Config } from "../../../shared/config/schema.ts";
import type { SourceSettings } from "../../../shared/config/source-settings.ts";
import { SmallSplitter, type SmallSource, type SmallSplit } from "./split-small.ts";

/** Settings are of one configuration. */
const splitters = new WeakMap<SourceSettings, SmallSplitter>();
let turn: Promise<unknown> = Promise.resolve();

/** As `SmallSplitter.splitPlain`. */
export function splitHere(
  source: SmallSource,
  config: Config,
  settings: SourceSettings,
): Promise<SmallSplit | undefined> {
  let splitter = splitters.get(settings);
  if (!splitter) splitters.set(settings, (splitter = new SmallSplitter(config, settings)));
  const splitting = turn.then(() => splitter.splitPlain(source));
  turn = splitting.catch(() => undefined);
  return splitting;
}
